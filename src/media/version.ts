import { type MediaTool, runMedia } from './media-process.ts';

/** @returns the tool's own first words (`ffmpeg version 5.1.9`), or undefined when it cannot be run. */
export async function mediaToolVersion(tool: MediaTool): Promise<string | undefined> {
  const { code, output } = await runMedia({ tool, args: ['-version'], timeoutMs: 5_000 });
  return code === 0 ? output.toString('utf8').split(' Copyright')[0] : undefined;
}
