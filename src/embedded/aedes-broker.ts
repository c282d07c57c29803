import { createServer } from 'node:net';
import { Aedes } from 'aedes';

// Run as a program: `node aedes-broker.ts PORT`. Ends on SIGTERM.
const port = Number(process.argv[2]);
const broker = await Aedes.createBroker();
const server = createServer(broker.handle);
server.listen(port, '127.0.0.1');
process.once('SIGTERM', () => {
  broker.close();
  server.close();
});
