// The health check of the image: whether the process that runs here says that it lives.
const { HOMESEC_HEALTH_PORT: port } = process.env;
const response = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4_000) });
if (!response.ok) throw new Error(`answered ${response.status}`);
