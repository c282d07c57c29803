import type { ComposeFile } from './compose-file.ts';

/** Every service has a loopback address of its own, as it has an address of its own in a container network. Linux answers on all of them. */
export interface HouseNetwork {
  /** Throws for what is no service. */
  addressOf(service: string): string;
}

/** @param network third number of the addresses: stacks beside each other differ in it. */
export function createHouseNetwork(file: ComposeFile, network: number): HouseNetwork {
  const names = Object.keys(file.services);
  return {
    addressOf: (service) => {
      const index = names.indexOf(service);
      if (index === -1) throw new Error(`docker-compose.yml has no service ${service}`);
      return `127.72.${network}.${index + 1}`;
    },
  };
}
