import { alertJson } from '../../../kit/alert-json.ts';
import type { OutgoingAlert } from '../../spec/notifier.ts';
import type { WebhookConfig } from './config.ts';

export interface WebhookBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** The bytes that are sent, and signed. */
export async function webhookBody(alert: OutgoingAlert, how: WebhookConfig['snapshot']): Promise<WebhookBody> {
  const snapshot = 'snapshot' in alert ? alert.snapshot : undefined;
  const fields = alertJson(alert);
  if (snapshot === undefined || how === 'none') return json(fields);
  if (how === 'base64') return json({ ...fields, snapshot: Buffer.from(snapshot).toString('base64') });
  const form = new FormData();
  form.append('alert', new Blob([JSON.stringify(fields)], { type: 'application/json' }), 'alert.json');
  form.append('snapshot', new Blob([new Uint8Array(snapshot)], { type: 'image/jpeg' }), 'snapshot.jpg');
  const encoded = new Response(form);
  return { contentType: encoded.headers.get('content-type') ?? '', bytes: await encoded.bytes() };
}

const json = (fields: object): WebhookBody => ({
  contentType: 'application/json',
  bytes: new TextEncoder().encode(JSON.stringify(fields)),
});
