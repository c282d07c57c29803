// The health check of the image: whether the process that runs here says that it lives.
const { HOMESEC_HEALTH_HOST: host = '', HOMESEC_HEALTH_PORT: port } = process.env;
// What listens on all addresses listens on this one.
const here = ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host;
const response = await fetch(`http://${here}:${port}/health/live`, { signal: AbortSignal.timeout(4_000) });
if (!response.ok) throw new Error(`answered ${response.status}`);
