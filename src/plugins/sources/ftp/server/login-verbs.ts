import { createHash, timingSafeEqual } from 'node:crypto';
import { type Reply, reply } from './reply.ts';
import type { Session, Verbs } from './session.ts';
import type { Account } from './settings.ts';

/** Who the camera is, and how it speaks. All of them may come before the login. */
export const loginVerbs: Verbs = {
  USER(session, argument) {
    if (mustEncryptFirst(session)) return reply(522, 'Encrypt first, with AUTH TLS.');
    session.user = argument.trim();
    session.account = undefined;
    return reply(331, 'Password, please.');
  },
  PASS(session, argument) {
    if (session.user === undefined) return reply(503, 'USER comes first.');
    if (mustEncryptFirst(session)) return reply(522, 'Encrypt first, with AUTH TLS.');
    return logIn(session, session.user, argument);
  },
  async AUTH(session, argument) {
    if (!['TLS', 'TLS-C', 'SSL'].includes(argument.trim().toUpperCase())) return reply(504, 'Only AUTH TLS.');
    if (session.parts.settings.tls === undefined) return reply(502, 'No certificate is configured.');
    if (session.secureContext !== undefined) return reply(503, 'It is encrypted already.');
    const certificate = await session.parts.readCertificate();
    if (!certificate.ok) {
      session.parts.logger.error({ reason: certificate.error }, 'the certificate of the FTP server cannot be used');
      return reply(431, 'The certificate cannot be used.');
    }
    session.secureContext = certificate.value;
    // What was agreed on in the clear does not count any more (RFC 4217, 4).
    Object.assign(session, { user: undefined, account: undefined, protectsData: false });
    return { ...reply(234, 'Go on with TLS.'), next: 'secure' };
  },
  PBSZ: (session) => (session.secureContext === undefined ? reply(503, 'AUTH comes first.') : reply(200, 'PBSZ=0')),
  PROT(session, argument) {
    if (session.secureContext === undefined) return reply(503, 'AUTH comes first.');
    const level = argument.trim().toUpperCase();
    if (level !== 'P' && level !== 'C') return reply(536, 'Only P and C.');
    if (level === 'C' && session.parts.settings.tls?.required === true) return reply(534, 'Files are sent encrypted here.');
    session.protectsData = level === 'P';
    return reply(200, level === 'P' ? 'Files are sent encrypted.' : 'Files are sent in the clear.');
  },
  QUIT: () => ({ ...reply(221, 'Goodbye.'), next: 'close' }),
  NOOP: () => reply(200, 'Yes.'),
  SYST: () => reply(215, 'UNIX Type: L8'),
  FEAT: (session) => ({ ...reply(211, 'Features:'), lines: featuresOf(session) }),
  OPTS: (_session, argument) => (/^UTF-?8/i.test(argument) ? reply(200, 'UTF-8 it is.') : reply(501, 'No such option.')),
  CLNT: () => reply(200, 'Noted.'),
  HELP: () => reply(214, 'Cameras upload here.'),
};

const FEATURES = ['EPRT', 'EPSV', 'MDTM', 'MLST type*;size*;modify*;', 'REST STREAM', 'SIZE', 'TVFS', 'UTF8'];

const featuresOf = ({ parts }: Session): string[] =>
  parts.settings.tls === undefined ? FEATURES : ['AUTH TLS', 'PBSZ', 'PROT', ...FEATURES];

const mustEncryptFirst = ({ parts, secureContext }: Session): boolean =>
  parts.settings.tls?.required === true && secureContext === undefined;

function logIn(session: Session, user: string, password: string): Reply {
  const { guard, findAccount, logger } = session.parts;
  const attempt = { address: session.address, user: user.slice(0, 64) };
  if (guard.isShutOut(attempt, performance.now())) return { ...reply(421, 'Too many wrong passwords; later.'), next: 'close' };
  const account = findAccount(user);
  if (account === undefined || !isPassword(account, password)) {
    guard.failed(attempt, performance.now());
    logger.warn({ ...attempt }, 'an FTP login was refused: no such user, or a wrong password');
    return reply(530, 'Wrong user or password.');
  }
  session.account = account;
  session.cwd = [];
  account.onLogin();
  return reply(230, 'Welcome.');
}

/** A password that cannot be read lets nobody in. */
function isPassword({ readPassword }: Account, given: string): boolean {
  if (readPassword === undefined) return true;
  const password = readPassword();
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return password.ok && timingSafeEqual(digest(password.value.reveal()), digest(given));
}
