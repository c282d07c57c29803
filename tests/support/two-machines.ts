import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Machine {
  /** On the cable. */
  readonly address: string;
  /** Starts a program there; it inherits this process' environment. */
  spawn(command: string, args: readonly string[]): ChildProcess;
  /** Runs one to its end. Rejects when it fails. */
  run(command: string, ...args: readonly string[]): Promise<void>;
  /** Ends whatever runs there. */
  close(): Promise<void>;
}

export interface TwoMachines extends AsyncDisposable {
  readonly first: Machine;
  readonly second: Machine;
  /** Pulls the cable between them, or puts it back. */
  cut(): Promise<void>;
  join(): Promise<void>;
}

/**
 * Two network namespaces on one cable, each with mounts of its own and nothing else of a network: what one says to the other
 * goes over the cable or nowhere. The file system is this machine's; `mount` there hides what is not to be shared. Needs root,
 * or the right to make user namespaces.
 */
export async function openTwoMachines(): Promise<TwoMachines> {
  const asUser = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const first = await openMachine('10.77.0.1', ['unshare', ...asUser, '--net', '--mount']);
  // In the same user namespace, where there is one: only then may the cable reach from one into the other.
  const within = asUser.length === 0 ? [] : ['nsenter', '--preserve-credentials', '--user', '--target', String(first.pid)];
  const second = await openMachine('10.77.0.2', [...within, 'unshare', '--net', '--mount']);
  const { machine } = first;
  await machine.run('ip', 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', String(second.pid));
  for (const { machine: each } of [first, second]) {
    await each.run('ip', 'address', 'add', `${each.address}/24`, 'dev', 'cable');
    for (const link of ['lo', 'cable']) await each.run('ip', 'link', 'set', link, 'up');
  }
  return {
    first: machine,
    second: second.machine,
    cut: () => machine.run('ip', 'link', 'set', 'cable', 'down'),
    join: () => machine.run('ip', 'link', 'set', 'cable', 'up'),
    async [Symbol.asyncDispose]() {
      await Promise.all([machine.close(), second.machine.close()]);
    },
  };
}

/** A namespace lives as long as a process in it: here one that waits for its end. */
async function openMachine(address: string, enter: readonly string[]): Promise<{ machine: Machine; pid: number }> {
  const holder = spawn('env', [...enter, 'sh', '-c', 'echo here; exec sleep infinity'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaint = holder.stderr.toArray();
  const said = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
  const { pid } = holder;
  if (pid === undefined || !String(said[0]).startsWith('here'))
    throw new Error(`this test needs root or user namespaces (unshare): ${Buffer.concat(await complaint).toString()}`);
  const entering = process.getuid?.() === 0 ? [] : ['--preserve-credentials', '--user'];
  const there = (program: string, rest: readonly string[]) => [
    ...entering,
    '--net',
    '--mount',
    '--target',
    String(pid),
    program,
    ...rest,
  ];
  const children = new Set<ChildProcess>();
  return {
    pid,
    machine: {
      address,
      spawn: (program, rest) => {
        const child = spawn('nsenter', there(program, rest), { stdio: 'ignore' });
        children.add(child);
        child.once('exit', () => children.delete(child));
        return child;
      },
      run: async (program, ...rest) => void (await run('nsenter', there(program, rest))),
      close: async () => {
        const all = [...children, holder].filter((child) => child.exitCode === null && child.signalCode === null);
        const ends = all.map((child) => once(child, 'exit'));
        for (const child of all) child.kill('SIGKILL');
        await Promise.all(ends);
      },
    },
  };
}

/** A server of this machine as those on the cable can reach it: through a socket in the file system, which no network separates. */
export async function openSocketTo(targetPort: number, path: string): Promise<AsyncDisposable> {
  const server: Server = createServer((socket) => {
    const onward = connect(targetPort, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
