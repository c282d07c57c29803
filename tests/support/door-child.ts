/** Listens on a port of the machine that it runs on, and passes everything on to a socket: `node door-child.ts <port> <socket>`. */
import { connect, createServer } from 'node:net';

const [port = '', path = ''] = process.argv.slice(2);
createServer((socket) => {
  const onward = connect(path);
  socket.pipe(onward).pipe(socket);
  socket.on('error', () => onward.destroy()).on('close', () => onward.destroy());
  onward.on('error', () => socket.destroy()).on('close', () => socket.destroy());
}).listen(Number(port), '0.0.0.0');
