/** A service as a process of this machine. */
export interface NativeProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The account it runs under, where that is not ours. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Whether it serves. */
  readonly isReady: () => Promise<boolean>;
}
