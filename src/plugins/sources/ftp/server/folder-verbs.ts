import { formatFacts, formatListLine, formatTime } from './listing.ts';
import { type Reply, reply } from './reply.ts';
import type { Session, Verb, Verbs } from './session.ts';
import type { Account } from './settings.ts';
import { sendText } from './transfer.ts';
import { formatPath, quotedPath, resolvePath, type VirtualPath } from './virtual-path.ts';

type Home = Account['home'];

/** Makes a verb of what is done to one place in the camera's home. */
const onPath =
  (act: (home: Home, path: VirtualPath, session: Session) => Reply | Promise<Reply>): Verb =>
  (session, argument) => {
    const path = resolvePath(session.cwd, argument);
    if (path === undefined) return reply(553, 'This name cannot be used.');
    if (session.account === undefined) return reply(530, 'Log in first.');
    return act(session.account.home, path, session);
  };

/** The same for a file: the root is none. */
export const onFile: typeof onPath = (act) =>
  onPath((home, path, session) => (path.length === 0 ? reply(550, 'It is a folder.') : act(home, path, session)));

const changeFolder = onPath(async (home, path, session) => {
  if (path.length > 0 && !(await home.look(path)).isFolder) return reply(550, 'It is no folder.');
  session.cwd = path;
  return reply(250, `Now in ${formatPath(path)}`);
});

const makeFolder = onFile(async (home, path) => {
  await home.makeFolder(path);
  return reply(257, `${quotedPath(path)} made.`);
});

const removeFolder = onFile(async (home, path) => {
  await home.removeFolder(path);
  return reply(250, 'Removed.');
});

const tellFolder: Verb = ({ cwd }) => reply(257, `${quotedPath(cwd)} it is.`);
const goUp: Verb = (session) => changeFolder(session, '..');

/** A listing by any of its three verbs. Options, such as the `-la` of `LIST -la`, change nothing. */
const listBy = (format: (entry: Parameters<typeof formatListLine>[0]) => string): Verb => {
  const list = onPath(async (home, path, session) => {
    const entries = path.length > 0 && !(await home.look(path)).isFolder ? [await home.look(path)] : await home.list(path);
    return sendText(session, entries.map((entry) => `${format(entry)}\r\n`).join(''));
  });
  return (session, argument) => list(session, argument.replace(/^(-\S*\s*)+/, ''));
};

export const folderVerbs: Verbs = {
  PWD: tellFolder,
  XPWD: tellFolder,
  CWD: changeFolder,
  XCWD: changeFolder,
  CDUP: goUp,
  XCUP: goUp,
  MKD: makeFolder,
  XMKD: makeFolder,
  RMD: removeFolder,
  XRMD: removeFolder,
  LIST: listBy(formatListLine),
  NLST: listBy(({ name }) => name),
  MLSD: listBy(formatFacts),
  MLST: onPath(async (home, path) => ({ ...reply(250, 'Facts:'), lines: [formatFacts(await home.look(path))] })),
  SIZE: onFile(async (home, path) => {
    const { isFolder, sizeBytes } = await home.look(path);
    return isFolder ? reply(550, 'It is a folder.') : reply(213, String(sizeBytes));
  }),
  MDTM: onFile(async (home, path) => reply(213, formatTime((await home.look(path)).modifiedMs))),
  DELE: onFile(async (home, path) => {
    await home.remove(path);
    return reply(250, 'Removed.');
  }),
  RNFR: onFile(async (home, path, session) => {
    await home.look(path);
    session.renameFrom = path;
    return reply(350, 'And the new name?');
  }),
  RNTO: onFile(async (home, path, session) => {
    const from = session.renameFrom;
    if (from === undefined) return reply(503, 'RNFR comes first.');
    session.renameFrom = undefined;
    await home.rename(from, path);
    return reply(250, 'Renamed.');
  }),
};
