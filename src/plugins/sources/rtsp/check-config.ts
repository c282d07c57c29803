import type { ConfigProblem } from '../../spec/plugin.ts';
import type { RtspConfig } from './config.ts';

/** What the schema alone cannot say. */
export function checkRtspConfig(config: RtspConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const say = (key: keyof RtspConfig, what: string, fix: string): void => void problems.push({ path: [key], what, fix });
  if (config.rtsp_url === undefined && config.rtsp_url_env === undefined)
    say('rtsp_url', 'the camera has no address', 'write rtsp_url, or rtsp_url_env when the address itself is secret');
  if (config.rtsp_url !== undefined && config.rtsp_url_env !== undefined)
    say('rtsp_url_env', 'the address is given twice', 'keep rtsp_url or rtsp_url_env');
  if (config.detect_rtsp_url !== undefined && config.detect_rtsp_url_env !== undefined)
    say('detect_rtsp_url_env', 'the detect stream is given twice', 'keep detect_rtsp_url or detect_rtsp_url_env');
  if ((config.username === undefined) !== (config.password_env === undefined))
    say(config.username === undefined ? 'username' : 'password_env', 'user and password go together', 'write both or neither');
  return problems;
}
