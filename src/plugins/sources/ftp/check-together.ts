import { isDeepStrictEqual } from 'node:util';
import type { SharedConfigProblem } from '../../spec/plugin.ts';
import { type FtpConfig, SERVER_KEYS } from './config.ts';

/** Cameras that log in alike, or that want one server to be two different ones. */
export function checkTogether(configs: readonly FtpConfig[]): SharedConfigProblem[] {
  return configs.flatMap((config, index) => {
    const before = configs.slice(0, index);
    const onSameServer = before.filter(({ host, port }) => host === config.host && port === config.port);
    return [
      ...(before.some(({ user }) => user.toLowerCase() === config.user.toLowerCase()) ? [sameUser(index)] : []),
      ...(config.anonymous && onSameServer.some(({ anonymous }) => anonymous) ? [bothAnonymous(index)] : []),
      ...differingKeys(config, onSameServer[0]).map((key) => differentServer(index, key)),
    ];
  });
}

function differingKeys(config: FtpConfig, first: FtpConfig | undefined): string[] {
  if (first === undefined) return [];
  const [own, other]: Readonly<Record<string, unknown>>[] = [config, first];
  return SERVER_KEYS.filter((key) => !isDeepStrictEqual(own?.[key], other?.[key]));
}

const sameUser = (index: number): SharedConfigProblem => ({
  index,
  path: ['user'],
  what: 'Another camera logs in with this name.',
  fix: 'Give each camera a user of its own; case does not count.',
});

const bothAnonymous = (index: number): SharedConfigProblem => ({
  index,
  path: ['anonymous'],
  what: 'Another camera of this server is anonymous too, and nothing would tell them apart.',
  fix: 'Give this one a password.',
});

const differentServer = (index: number, key: string): SharedConfigProblem => ({
  index,
  path: [key],
  what: 'Another camera of the same host and port has another value, and they share one server.',
  fix: 'Write it once, in source_defaults.ftp.',
});
