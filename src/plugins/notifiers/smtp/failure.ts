import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../../domain/stage-error.ts';
import { reasonOf } from '../../../kit/thrown-reason.ts';

/** Codes of nodemailer for what would be refused again though no server has answered. */
const LASTING: ReadonlySet<string> = new Set(['EAUTH', 'EENVELOPE', 'EMESSAGE', 'ECONFIG']);

/** What nodemailer threw. A reply of 4yz is a "not now", as greylisting gives it, one of 5yz a "no" (RFC 5321, 4.2.1). */
export function smtpFailure(server: string, thrown: unknown): PluginFailure {
  return pluginFailure(codeOf(thrown), `mail server ${server}: ${reasonOf(thrown)}`, thrown);
}

/** Whether the server did not accept who we are: then the next attempt asks for the credentials anew. */
export const isLoginFailure = (thrown: unknown): boolean => propertyOf(thrown, 'code') === 'EAUTH';

function codeOf(thrown: unknown): StageErrorCode {
  const reply = propertyOf(thrown, 'responseCode');
  if (typeof reply === 'number') return reply >= 500 ? 'NOTIFY_REJECTED' : 'NOTIFY_UNREACHABLE';
  const code = propertyOf(thrown, 'code');
  if (code === 'ETIMEDOUT') return 'NOTIFY_TIMED_OUT';
  return typeof code === 'string' && LASTING.has(code) ? 'NOTIFY_REJECTED' : 'NOTIFY_UNREACHABLE';
}

const propertyOf = (thrown: unknown, name: string): unknown =>
  thrown instanceof Error ? Object.entries(thrown).find(([key]) => key === name)?.[1] : undefined;
