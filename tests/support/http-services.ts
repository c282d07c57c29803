import type { Answer } from './http-receiver.ts';

/** SendGrid's API v3 as its reference has it: `POST /v3/mail/send` answers 202, `GET /v3/scopes` what the key may do. */
export const SENDGRID_SERVER: Answer = ({ method, path, headers, body }) => {
  if (headers.authorization !== 'Bearer SG.key') return sendgridError(401, 'The provided authorization grant is invalid');
  if (method === 'GET' && path === '/v3/scopes') return { status: 200, body: JSON.stringify({ scopes: ['mail.send'] }) };
  if (method !== 'POST' || path !== '/v3/mail/send') return sendgridError(404, 'Not Found');
  const { from, personalizations, content, subject } = JSON.parse(body.toString());
  const isWhole = from?.email && personalizations?.[0]?.to?.length > 0 && subject && content?.[0]?.type === 'text/plain';
  return isWhole ? { status: 202 } : sendgridError(400, 'Bad Request');
};

export const sendgridError = (status: number, message: string) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ errors: [{ message, field: null, help: null }] }),
});

/** An ntfy server as its documentation has it (docs.ntfy.sh): publishing by POST or PUT on a topic, and `/v1/health`. */
export const NTFY_SERVER: Answer = ({ method, path, headers }) => {
  if (method === 'GET' && path === '/v1/health') return { status: 200, body: '{"healthy":true}' };
  const sequence = headers['x-sequence-id'];
  if (method === 'GET' || !/^\/[-_A-Za-z0-9]{1,64}$/.test(path)) return ntfyError(404, 40401, 'page not found');
  if (typeof sequence === 'string' && !/^[-_A-Za-z0-9]{1,64}$/.test(sequence)) {
    return ntfyError(400, 40049, 'invalid request: sequence ID invalid');
  }
  return { status: 200, body: '{"id":"x","event":"message"}' };
};

export const ntfyError = (http: number, code: number, error: string) => ({
  status: http,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ code, http, error }),
});
