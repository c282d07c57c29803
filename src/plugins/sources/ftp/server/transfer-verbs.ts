import { type Endpoint, formatPassive, parseExtendedPort, parsePort } from './addresses.ts';
import { createActiveLink, type DataLink, openPassiveLink } from './data-link.ts';
import { onFile } from './folder-verbs.ts';
import { type Reply, reply } from './reply.ts';
import type { Session, Verb, Verbs } from './session.ts';
import { receive } from './transfer.ts';

const upload = (startOf: (restAt: number) => number | 'end'): Verb =>
  onFile(async (home, path, session) => {
    const { restAt } = session;
    session.restAt = 0;
    return receive(session, await home.openUpload(path, startOf(restAt)));
  });

const uploadOnly: Verb = () => reply(550, 'Upload only.');

/** How and what is transferred. */
export const transferVerbs: Verbs = {
  TYPE: (_session, argument) =>
    /^[AI]\b|^L 8$/i.test(argument) ? reply(200, 'Bytes stay as they are.') : reply(504, 'Only A and I.'),
  MODE: (_session, argument) => (/^S$/i.test(argument) ? reply(200, 'Stream.') : reply(504, 'Only S.')),
  STRU: (_session, argument) => (/^F$/i.test(argument) ? reply(200, 'File.') : reply(504, 'Only F.')),
  ALLO: () => reply(202, 'Not needed.'),
  PASV: (session) => openPassive(session, '227', (endpoint) => formatPassive(endpoint)),
  EPSV: (session, argument) =>
    argument.trim().toUpperCase() === 'ALL'
      ? reply(200, 'Only EPSV, then.')
      : openPassive(session, '229', ({ port }) => `|||${port}|`),
  PORT: (session, argument) => openActive(session, parsePort(argument)),
  EPRT: (session, argument) => openActive(session, parseExtendedPort(argument)),
  REST(session, argument) {
    if (!/^\d{1,15}$/.test(argument.trim())) return reply(501, 'Not a number of bytes.');
    session.restAt = Number(argument);
    return reply(350, `From ${session.restAt} on.`);
  },
  STOR: upload((restAt) => restAt),
  APPE: upload(() => 'end'),
  // The transfer itself is ended as soon as ABOR is read; this is the answer in its turn.
  ABOR: () => reply(226, 'Nothing is being transferred now.'),
  RETR: uploadOnly,
  STOU: uploadOnly,
};

async function openPassive(
  session: Session,
  code: '227' | '229',
  format: (endpoint: Endpoint) => string | undefined,
): Promise<Reply> {
  const { settings, logger } = session.parts;
  const link = await openPassiveLink(settings.passivePorts, session);
  if (!link.ok) {
    logger.warn({ reason: link.error }, 'an FTP upload could not begin');
    return reply(425, 'No passive port is free.');
  }
  const text = format({ host: settings.masqueradeAddress ?? session.localAddress, port: link.value.port });
  if (text === undefined) {
    link.value.close();
    return reply(425, 'Over IPv6 only EPSV.');
  }
  agreeOn(session, link.value);
  return reply(Number(code), `Entering passive mode (${text})`);
}

/** Only to the camera itself, and to none of its system's ports: else it could have us attack others (RFC 2577, 3). */
function openActive(session: Session, endpoint: Endpoint | undefined): Reply {
  if (endpoint === undefined) return reply(501, 'Not an address and port.');
  if (endpoint.host !== session.address || endpoint.port < 1_024) return reply(504, 'Only to where you are yourself.');
  agreeOn(session, createActiveLink(endpoint));
  return reply(200, 'Noted.');
}

function agreeOn(session: Session, link: DataLink): void {
  session.link?.close();
  session.link = link;
}
