import { attention, bad, good } from '../kit/findings.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import type { SourceStatus } from '../plugins/spec/source.ts';
import type { SpoolBacklog } from '../spool/backlog.ts';

const LOW_DISK_BYTES = 2_000_000_000;

/** What a person should know of a spool and its disk. */
export function spoolFindings(
  { openCount, openBytes, oldestSealedAt, refused, broken, freeBytes }: SpoolBacklog,
  dir: string,
): Finding[] {
  const backlog =
    openCount === 0
      ? 'nothing waits'
      : `${openCount} open (${(openBytes / 1e6).toFixed(1)} MB), the oldest sealed ${oldestSealedAt}`;
  const disk = `${(freeBytes / 1e9).toFixed(1)} GB free at ${dir}`;
  return [
    good('spool', backlog),
    ...refused.map(({ clip, reason }) =>
      attention(
        'spool',
        `${clip.clipId} is set aside: ${reason.message}`,
        'Retry it with `homesec clips retry`, or reset its workflow.',
      ),
    ),
    ...broken.map((name) => attention('spool', `${name} could not be understood`, `It lies in ${dir}/broken.`)),
    freeBytes < LOW_DISK_BYTES ? bad('disk', disk, 'Free space: recording stops when the disk is full.') : good('disk', disk),
  ];
}

const AWAY_FIX = 'See that the camera or folder is there: power, network, address, credentials. It is taken up again by itself.';

/** The same of a camera. @param status undefined: no process of this machine records it. */
export function cameraFindings(name: string, status: SourceStatus | undefined): Finding[] {
  const what = `camera ${name}`;
  const kept = (status?.problems ?? []).map(({ path, message, since }) =>
    attention(
      what,
      `${path} is no clip since ${since}: ${message}`,
      'Repair the file or take it away; it is kept and tried again.',
    ),
  );
  if (status === undefined)
    return [attention(what, 'is not recorded by this machine now', 'Start `homesec run` or `homesec record`.')];
  return [howItIs(what, status), ...kept];
}

/** Notes are no fault: they say how a camera is used that can do no better. */
function howItIs(what: string, { state, message, connection }: SourceStatus): Finding {
  if (connection === undefined) return state === 'offline' ? bad(what, message ?? state, AWAY_FIX) : good(what, state);
  const { online, since, lastError = message, notes } = connection;
  if (online || state === 'starting') return good(what, [state, ...notes].join('; '));
  return bad(what, `${state}, away since ${since}${lastError === undefined ? '' : `: ${lastError}`}`, AWAY_FIX);
}
