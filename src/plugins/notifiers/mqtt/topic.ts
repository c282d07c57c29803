import { type Alert, isCameraAlert } from '../../../domain/alert.ts';

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

/**
 * An alert has the topic that automations watch. What they were not made for has one of its own, so that they fire once for
 * each alert: its updates, and news of the camera itself.
 */
export function topicOf(template: string, alert: Alert): string {
  const topic = cameraTopic(template, alert);
  if (isCameraAlert(alert)) return `${topic}/camera`;
  return alert.revision > 1 ? `${topic}/update` : topic;
}

/** Where the picture of an alert goes, and that of its updates. */
export const snapshotTopicOf = (template: string, alert: Alert): string => `${cameraTopic(template, alert)}/snapshot`;

const cameraTopic = (template: string, { cameraName }: Alert): string =>
  template.replaceAll(CAMERA_PLACEHOLDER, () => topicSafe(cameraName));
