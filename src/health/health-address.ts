import type { Config } from '../config/schema.ts';

/** Sets the port, also where the configuration names none; a process that starts others gives each the next one by it. */
export const HEALTH_PORT_VARIABLE = 'HOMESEC_HEALTH_PORT';
/** Sets the address beside it: in a container all of them, so that Prometheus comes in. */
const HEALTH_HOST_VARIABLE = 'HOMESEC_HEALTH_HOST';

export interface HealthAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Where a process tells of its health; undefined: nowhere. */
export function healthAddressOf({ health }: Pick<Config, 'health'>, environment = process.env): HealthAddress | undefined {
  const [, host = '127.0.0.1', port] = /^\[?(.*?)\]?:(\d+)$/.exec(health.listen ?? '') ?? [];
  const chosen = environment[HEALTH_PORT_VARIABLE] || port;
  return chosen === undefined ? undefined : { host: environment[HEALTH_HOST_VARIABLE] || host, port: Number(chosen) };
}
