import type { Alert } from '../../../domain/alert.ts';

export const CAMERA_PLACEHOLDER = '{camera_name}';

/** Brokers cut off who sends these: MQTT 5.0, 1.5.4 (control characters, non-characters). */
const FORBIDDEN = /[\p{Cc}\p{Noncharacter_Code_Point}]/gu;

/** Whether a client may publish to it (MQTT 5.0, 4.7). `$` topics are the broker's own. */
export function isTopic(text: string): boolean {
  return text.isWellFormed() && !/[+#]/.test(text) && text.search(FORBIDDEN) === -1 && !text.startsWith('$');
}

/** A camera's name as one level of a topic: what would split or widen it becomes `_`. Two names may come out the same. */
export const topicSafe = (cameraName: string): string =>
  cameraName.toWellFormed().replaceAll(FORBIDDEN, '_').replaceAll(/[/+#]/g, '_').replace(/^\$/, '_');

/** An alert has the topic that automations watch; its updates have one of their own, so that automations fire once. */
export function topicOf(template: string, { cameraName, revision }: Alert): string {
  const topic = template.replaceAll(CAMERA_PLACEHOLDER, () => topicSafe(cameraName));
  return revision > 1 ? `${topic}/update` : topic;
}
