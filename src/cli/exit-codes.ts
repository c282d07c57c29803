/** How the program ends, for scripts. Printed by `homesec --help`. */
export const EXIT = {
  ok: 0,
  /** Something is wrong: with the configuration, the clip, the system. Said on standard error. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** A server that the command needs does not answer. */
  unavailable: 3,
} as const;
