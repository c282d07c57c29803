import { err, ok, type Result } from '../../../domain/result.ts';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { RtspConfig } from './config.ts';

/** Addresses as ffmpeg takes them, credentials included: never to be shown. */
export interface CameraUrls {
  readonly main: string;
  /** Absent when only the main stream is known. */
  readonly detect?: string;
  /** Guessed from the main one's name: it may not exist. */
  readonly isDerived: boolean;
}

/** Reads the secrets now, since a restart of the camera may come with a new password. */
export function resolveUrls(config: RtspConfig, readSecret: PluginContext['readSecret']): Result<CameraUrls, PluginFailure> {
  const main = addressOf(config, { url: config.rtsp_url, variable: config.rtsp_url_env }, readSecret);
  if (!main.ok) return main;
  const { detect_rtsp_url: url, detect_rtsp_url_env: variable } = config;
  if (url === undefined && variable === undefined) {
    const derived = derivedDetectUrl(main.value);
    return ok({ main: main.value, ...(derived === undefined ? {} : { detect: derived }), isDerived: derived !== undefined });
  }
  const detect = addressOf(config, { url, variable }, readSecret);
  if (!detect.ok) return detect;
  // The same stream twice is one stream.
  return ok({ main: main.value, ...(detect.value === main.value ? {} : { detect: detect.value }), isDerived: false });
}

/**
 * The small stream beside a main one, where the naming tells: `subtype=0` -> `subtype=1` (Dahua, Amcrest), `/stream1` ->
 * `/stream2` (TP-Link), `/Streaming/Channels/101` -> `102` (Hikvision), `_main` -> `_sub` (Reolink).
 */
export function derivedDetectUrl(main: string): string | undefined {
  for (const [pattern, replacement] of SUBSTREAMS) if (pattern.test(main)) return main.replace(pattern, replacement);
  return undefined;
}

const SUBSTREAMS: readonly (readonly [RegExp, string])[] = [
  [/([?&]subtype=)0(?=&|$)/i, '$11'],
  [/(\/stream)1(?=[/?]|$)/i, '$12'],
  [/(\/streaming\/channels\/\d+0)1(?=[/?]|$)/i, '$12'],
  [/(_)main(?=[/?]|$)/i, '$1sub'],
];

interface Address {
  readonly url: string | undefined;
  readonly variable: string | undefined;
}

function addressOf(
  { username, password_env: passwordVariable }: RtspConfig,
  { url, variable }: Address,
  readSecret: PluginContext['readSecret'],
): Result<string, PluginFailure> {
  if (variable !== undefined) {
    const whole = readSecret(variable);
    return whole.ok ? ok(whole.value.reveal()) : err(whole.error);
  }
  if (username === undefined || passwordVariable === undefined) return ok(url ?? '');
  const password = readSecret(passwordVariable);
  if (!password.ok) return err(password.error);
  const credentials = `${encodeURIComponent(username)}:${encodeURIComponent(password.value.reveal())}@`;
  return ok((url ?? '').replace(/^(rtsps?:\/\/)/i, `$1${credentials}`));
}
