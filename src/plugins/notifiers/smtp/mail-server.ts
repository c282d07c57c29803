import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { SmtpConfig } from './config.ts';

/** A server asks for its own pace; two connections outrun any house's alerts. */
const MAX_CONNECTIONS = 2;
/** Alerts come in bursts; a connection kept for longer is one that the server has closed meanwhile. */
const IDLE_MS = 10_000;

const PORTS = { starttls: 587, tls: 465, none: 25 } as const;

export interface MailServer {
  readonly transport: ReturnType<typeof openPool>;
  /** What must not come back in an error. */
  readonly secrets: readonly string[];
}

/** `host:port`, for messages. */
export const serverName = ({ host, port, security }: SmtpConfig): string => `${host}:${port ?? PORTS[security]}`;

/** A pool of connections with secrets and files read now. Connects when it is first used. */
export async function openMailServer(
  config: SmtpConfig,
  readSecret: PluginContext['readSecret'],
): Promise<Result<MailServer, PluginFailure>> {
  const login = config.auth === undefined ? ok(undefined) : readLogin(config.auth, readSecret);
  if (!login.ok) return login;
  const ca = config.ca_file === undefined ? ok(undefined) : await readAuthority(config.ca_file);
  if (!ca.ok) return ca;
  const transport = openPool(config, { login: login.value, ca: ca.value });
  return ok({ transport, secrets: login.value === undefined ? [] : [login.value.pass] });
}

interface Login {
  readonly user: string;
  readonly pass: string;
}

function openPool(config: SmtpConfig, { login, ca }: { login: Login | undefined; ca: Buffer | undefined }) {
  const { host, port, security, timeout_s } = config;
  const timeoutMs = timeout_s * 1000;
  return createTransport({
    pool: true,
    host,
    port: port ?? PORTS[security],
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(login === undefined ? {} : { auth: { ...login } }),
    maxConnections: MAX_CONNECTIONS,
    idleTimeout: IDLE_MS,
    // Whoever asked is told of a connection that broke, and decides whether the mail is sent again.
    maxRequeues: 0,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
}

function readLogin(
  { username_env, password_env }: NonNullable<SmtpConfig['auth']>,
  readSecret: PluginContext['readSecret'],
): Result<Login, PluginFailure> {
  const user = readSecret(username_env);
  if (!user.ok) return user;
  const pass = readSecret(password_env);
  return pass.ok ? ok({ user: user.value.reveal(), pass: pass.value.reveal() }) : pass;
}

async function readAuthority(path: string): Promise<Result<Buffer, PluginFailure>> {
  try {
    return ok(await readFile(path));
  } catch (thrown) {
    return err(pluginFailure('NOTIFY_REJECTED', `could not read ca_file ${path}`, thrown));
  }
}
