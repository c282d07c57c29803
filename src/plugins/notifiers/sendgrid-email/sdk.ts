import sharedClient from '@sendgrid/client';
import sharedService from '@sendgrid/mail';

// Both packages export one instance for everybody, and the class as its property, which their types do not tell.
type Client = typeof sharedClient;
type MailService = typeof sharedService;
const { Client } = sharedClient as Client & { readonly Client: new () => Client };
const { MailService } = sharedService as MailService & { readonly MailService: new () => MailService };

/** One mail as the SDK takes it. */
export type MailData = Exclude<Parameters<MailService['send']>[0], readonly unknown[]>;

/** For one request: nothing of it is left for the next. */
export interface SendgridCall {
  readonly apiBase: string;
  readonly apiKey: string;
  readonly signal: AbortSignal;
}

/** @throws what the SDK throws. */
export async function sendMail(call: SendgridCall, mail: MailData): Promise<void> {
  const service = new MailService();
  service.setClient(clientFor(call));
  await service.send(mail);
}

/** What the key may do, as SendGrid answers. @throws what the SDK throws. */
export async function readScopes(call: SendgridCall): Promise<unknown> {
  const answer: readonly unknown[] = await clientFor(call).request({ method: 'GET', url: '/v3/scopes' });
  return answer[1];
}

function clientFor({ apiBase, apiKey, signal }: SendgridCall): Client {
  const client = new Client();
  // Its own way to take a key complains on the console about keys of other forms.
  client.setDefaultHeader('Authorization', `Bearer ${apiKey}`);
  // It hands all of them to its HTTP client, though its types know but the first two.
  const request = { url: '', baseUrl: apiBase.replace(/\/(v3\/?)?$/, ''), signal, maxRedirects: 0, maxContentLength: 1_000_000 };
  client.setDefaultRequest(request);
  return client;
}
