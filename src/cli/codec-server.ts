import { type Command, InvalidArgumentError, Option } from 'commander';
import { stopped } from '../../workers/stopped.ts';
import { readSecret } from '../kit/read-secret.ts';
import { endpointsOf } from '../runtime/app.ts';
import { encryptionCodecOf } from '../runtime/temporal-access.ts';
import { openCodecServer } from '../temporal/codec-server.ts';
import { CliError, valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openService } from './open-app.ts';
import { printLine } from './print.ts';

interface Listen {
  readonly host: string;
  readonly port: number;
}

interface CodecServerVerb extends CommonOptions {
  readonly listen: Listen;
  readonly ui?: string;
  readonly tokenEnv?: string;
  readonly trustNetwork?: boolean;
}

const DEFAULT_LISTEN = '127.0.0.1:8081';
const MAX_PORT = 65_535;

export function addCodecServer(program: Command): void {
  program
    .command('codec-server')
    .summary('let the Temporal UI read what is encrypted')
    .description(
      'Encrypts and decrypts payloads for the Temporal UI by temporal.encryption.keys, until Ctrl-C. Whoever reaches it can read all clips: leave it on this machine, or give it a token.',
    )
    .addOption(
      new Option('--listen <host:port>', 'where it listens')
        .argParser(parseListen)
        .default(parseListen(DEFAULT_LISTEN), DEFAULT_LISTEN),
    )
    .option('--ui <origin>', "the UI's address, http://host:port; left out: the embedded one", parseOrigin)
    .option('--token-env <variable>', 'environment variable with a token that has to be sent as `Authorization: Bearer …`')
    .option(
      '--trust-network',
      'also other machines may ask without one, as in a container whose port is opened to its host alone',
    )
    .action(async (_options: object, command: Command) => {
      const { listen, ui, tokenEnv, trustNetwork = false, ...common } = command.optsWithGlobals<CodecServerVerb>();
      const app = await openService(common);
      const codec = valueOrExit(encryptionCodecOf(app.config));
      if (codec === undefined) throw new CliError('nothing is encrypted: temporal.encryption is not configured', EXIT.failed);
      const uiOrigin = ui ?? endpointsOf(app).temporalUiUrl;
      if (uiOrigin === undefined) throw new CliError('say where the Temporal UI is: --ui http://host:port', EXIT.usage);
      const token = tokenEnv === undefined ? undefined : valueOrExit(readSecret(tokenEnv));
      if (token === undefined && !trustNetwork && !isLoopback(listen.host))
        throw new CliError('other machines may only ask with a token: --token-env, or --trust-network', EXIT.usage);
      const access = token === undefined ? {} : { token };
      const server = await openCodecServer({ ...listen, ...access, codec, uiOrigin: new URL(uiOrigin).origin });
      printLine(`codec endpoint for the Temporal UI: ${server.url}`);
      await stopped(app.signal);
      await server.close();
    });
}

function parseListen(text: string): Listen {
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(text) ?? [];
  if (host === undefined || Number(port) > MAX_PORT) throw new InvalidArgumentError('Give host:port, such as 127.0.0.1:8081.');
  return { host, port: Number(port) };
}

function parseOrigin(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new InvalidArgumentError('Give http://host:port.');
  return url.origin;
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
