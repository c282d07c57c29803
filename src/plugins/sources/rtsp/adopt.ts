import { stat } from 'node:fs/promises';
import type { FragmentFiles } from './fragment-files.ts';
import type { PartJournal } from './part-journal.ts';
import type { PartSealer } from './part-sealer.ts';
import type { CutOff } from './recorder.ts';

export interface AdoptDeps {
  readonly files: FragmentFiles;
  readonly journal: PartJournal;
  readonly sealer: PartSealer;
}

/**
 * Takes over what an earlier process left: recordings that it had finished are sealed, one that it was at is sealed as far as
 * it got, and all other fragments go. Nothing may be recording into the folder any more.
 * @returns the event that was cut off, so that it can go on under its id.
 */
export async function adoptLeftovers({ files, journal, sealer }: AdoptDeps): Promise<CutOff | undefined> {
  const parts = journal.list();
  let cutOff: CutOff | undefined;
  const wanted = new Map<string, [from: number, to: number][]>();
  for (const part of parts) {
    const lastSeq = part.lastSeq ?? (await files.list(part.ingestId)).at(-1) ?? part.firstSeq - 1;
    if (part.lastSeq === undefined) {
      cutOff = { eventId: part.eventId, atMs: await lastWritten(files.pathOf(part.ingestId, lastSeq), part.startMs) };
      // On a full disk it is found out anew at the next start.
      await journal.note({ ...part, lastSeq }).catch(() => undefined);
    }
    wanted.set(part.ingestId, [...(wanted.get(part.ingestId) ?? []), [part.firstSeq, lastSeq]]);
    sealer.seal({ ...part, lastSeq });
  }
  for (const ingestId of await files.ingests()) {
    const ranges = wanted.get(ingestId) ?? [];
    const seqs = await files.list(ingestId);
    await files.remove(
      ingestId,
      seqs.filter((seq) => !ranges.some(([from, to]) => seq >= from && seq <= to)),
    );
    if (ranges.length === 0) await files.end(ingestId);
  }
  return cutOff;
}

const lastWritten = (path: string, otherwiseMs: number): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => otherwiseMs,
  );
