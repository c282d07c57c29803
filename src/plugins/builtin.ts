import { openaiAnalyzer } from './analyzers/openai/index.ts';
import { yoloFilter } from './filters/yolo/index.ts';
import { mqttNotifier } from './notifiers/mqtt/index.ts';
import { ntfyNotifier } from './notifiers/ntfy/index.ts';
import { sendgridEmailNotifier } from './notifiers/sendgrid-email/index.ts';
import { smtpNotifier } from './notifiers/smtp/index.ts';
import { webhookNotifier } from './notifiers/webhook/index.ts';
import { defaultPolicy } from './policies/default/index.ts';
import { noopPolicy } from './policies/noop/index.ts';
import { type AnyPlugin, createRegistry, describeLoadProblem, type Registry } from './registry.ts';
import { ftpSource } from './sources/ftp/index.ts';
import { localFolderSource } from './sources/local-folder/index.ts';
import { rtspSource } from './sources/rtsp/index.ts';
import { dropboxStorage } from './storage/dropbox/index.ts';
import { localStorage } from './storage/local/index.ts';
import { s3Storage } from './storage/s3/index.ts';
import { webdavStorage } from './storage/webdav/index.ts';

/** Every plugin that HomeSec comes with. */
export const BUILTIN_PLUGINS: readonly AnyPlugin[] = [
  localFolderSource,
  ftpSource,
  rtspSource,
  localStorage,
  dropboxStorage,
  s3Storage,
  webdavStorage,
  yoloFilter,
  openaiAnalyzer,
  defaultPolicy,
  noopPolicy,
  mqttNotifier,
  smtpNotifier,
  sendgridEmailNotifier,
  webhookNotifier,
  ntfyNotifier,
];

export function createBuiltinRegistry(): Registry {
  const registry = createRegistry(BUILTIN_PLUGINS);
  if (!registry.ok) throw new Error(describeLoadProblem(registry.error));
  return registry.value;
}
