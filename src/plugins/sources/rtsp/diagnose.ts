import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attention, bad, good } from '../../../kit/findings.ts';
import { joinFragments } from '../../../media/join-fragments.ts';
import { startMedia } from '../../../media/media-process.ts';
import { probe } from '../../../media/probe.ts';
import { probeStream, type StreamFacts, streamFailure } from '../../../media/probe-stream.ts';
import type { Finding } from '../../spec/finding.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import { type CameraProfile, firstProfile, RECORDABLE_VIDEO, withLessAudio } from './camera-profile.ts';
import { type CameraUrls, resolveUrls } from './camera-urls.ts';
import { ADVICE, videoWords } from './camera-words.ts';
import type { RtspConfig } from './config.ts';
import { createFragmentFiles } from './fragment-files.ts';
import { readPictures, startIngest } from './ingest.ts';
import { framesArgs, ingestArgs, ioTimeoutMs } from './rtsp-args.ts';

/** How long the trial recording lasts, and the camera may take for it. */
const TRIAL_MS = 4_000;
const TRIAL_LIMIT_MS = 15_000;

/** Tries what recording a camera takes: both streams, a short recording that plays, and both at once. Records nothing for good. */
export async function diagnoseCamera(config: RtspConfig, context: PluginContext): Promise<Finding[]> {
  const urls = resolveUrls(config, context.readSecret);
  if (!urls.ok) return [bad('address', urls.error.message, 'Set the variable where HomeSec runs.')];
  const main = await probeStream({ url: urls.value.main, timeoutMs: ioTimeoutMs(config) });
  if (!main.ok) return [bad('main stream', ADVICE[main.error.code](main.error.message), 'See docs/guide/troubleshooting.md.')];
  const seen = good('main stream', wordsOf(main.value));
  if (!RECORDABLE_VIDEO.has(main.value.videoCodec))
    return [bad('main stream', `sends ${main.value.videoCodec}`, 'Set the camera to H.264 or H.265.')];
  const detect = await findDetect(config, urls.value);
  const trial = await tryRecording({ config, context, urls: urls.value, facts: main.value });
  return [seen, detect, ...trial];
}

const wordsOf = (facts: StreamFacts): string => `${videoWords(facts)}, audio: ${facts.audioCodec ?? 'none'}`;

async function findDetect(config: RtspConfig, { detect, isDerived }: CameraUrls): Promise<Finding> {
  const what = 'detect stream';
  const fix = 'Give the small stream of the camera as detect_rtsp_url: looking at the big one costs three times the processor.';
  if (detect === undefined) return attention(what, 'none is known: motion is looked for in the main stream', fix);
  const facts = await probeStream({ url: detect, timeoutMs: ioTimeoutMs(config) });
  if (facts.ok) return good(what, `${wordsOf(facts.value)}${isDerived ? ', derived from the main one' : ''}`);
  const message = ADVICE[facts.error.code](facts.error.message);
  return isDerived ? attention(what, `the one that was guessed: ${message}`, fix) : bad(what, message, 'See detect_rtsp_url.');
}

interface Trial {
  readonly config: RtspConfig;
  readonly context: PluginContext;
  readonly urls: CameraUrls;
  readonly facts: StreamFacts;
}

/** Records a few seconds, with less and less of the audio until it plays; the small stream is open meanwhile. */
async function tryRecording(trial: Trial): Promise<Finding[]> {
  const { config, urls, facts } = trial;
  let profile: CameraProfile | undefined = firstProfile(urls, config, facts);
  let last: Finding = bad('recording', 'was not tried', '');
  while (profile !== undefined) {
    const { finding, detect } = await recordBriefly(trial, profile);
    last = finding;
    if (finding.state !== 'bad') return [finding, ...(detect === undefined ? [] : [detect])];
    profile = config.recording.audio === 'auto' && facts.audioCodec !== undefined ? withLessAudio(profile) : undefined;
  }
  return [last];
}

interface Tried {
  readonly finding: Finding;
  readonly detect?: Finding;
}

async function recordBriefly({ config, context, urls }: Trial, profile: CameraProfile): Promise<Tried> {
  const folder = await mkdtemp(join(context.tempDir, 'camera-test-'));
  try {
    const files = createFragmentFiles(folder);
    await files.begin('0');
    const { audio, isTimedByArrival } = profile;
    let oddStamps = 0;
    let beside: (() => Promise<Finding>) | undefined;
    const detectUrl = profile.sessions === 'one' ? undefined : urls.detect;
    const enough = Promise.withResolvers<void>();
    const ingest = startIngest({
      args: ingestArgs(urls.main, files.dirOf('0'), { profile: { audio, isTimedByArrival, withFrames: false }, config }),
      pidFile: join(folder, 'main.pid'),
      onFragment: (_seq, { endMs }) => {
        // Not before: of a camera that allows one connection, the recording is to get it.
        if (detectUrl !== undefined) beside ??= watchBeside(detectUrl, config, folder);
        if (endMs >= TRIAL_MS) enough.resolve();
      },
      onOddStamp: () => {
        oddStamps += 1;
      },
    });
    await Promise.race([enough.promise, ingest.ended, delay(TRIAL_LIMIT_MS, undefined, { ref: false })]);
    const exit = await ingest.stop();
    const detect = await beside?.();
    const output = join(folder, 'trial.mp4');
    const fragments = (await files.list('0')).map((seq) => files.pathOf('0', seq));
    if (fragments.length === 0) {
      const failure = streamFailure(exit.complaint);
      return { finding: bad('recording', ADVICE[failure.code](failure.message), 'See docs/guide/troubleshooting.md.') };
    }
    const joined = await joinFragments({ fragments, output });
    const played = joined.ok ? await probe(output) : joined;
    if (!played.ok)
      return { finding: bad('recording', played.error.message, 'Set recording.audio to none, or another codec in the camera.') };
    const words = `${(played.value.durationMs / 1000).toFixed(1)} s that play, ${audioWords(played.value.hasAudio, audio)}`;
    const finding =
      oddStamps > 0
        ? attention('recording', `${words}, but the camera's clock stumbles`, 'If it goes on, set stream.timestamps to arrival.')
        : good('recording', words);
    return detect === undefined ? { finding } : { finding, detect };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const audioWords = (hasAudio: boolean, audio: CameraProfile['audio']): string =>
  hasAudio ? `with sound (${audio === 'copy' ? 'as it is' : 'made AAC'})` : 'without sound';

/** Opens the detect stream while the main one is being recorded. @returns what ends it and says how it went. */
function watchBeside(url: string, config: RtspConfig, folder: string): () => Promise<Finding> {
  const running = startMedia({
    tool: 'ffmpeg',
    args: framesArgs(url, config, config.stream.hwaccel),
    pidFile: join(folder, 'detect.pid'),
  });
  let pictures = 0;
  readPictures(running, () => {
    pictures += 1;
  });
  return async () => {
    const exit = await running.stop();
    const what = 'both at once';
    if (pictures > 0) return good(what, `work: ${pictures} pictures for motion meanwhile`);
    const failure = streamFailure(exit.complaint);
    const fix = 'Nothing has to be done: one connection then serves for everything.';
    return attention(what, `do not work: the detect stream ${ADVICE[failure.code](failure.message)}`, fix);
  };
}
