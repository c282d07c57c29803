import { z } from 'zod';

/** In a config: the address of a server, with nothing in it that would be a secret. */
export const bareUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).refine(isBareUrl, {
  error: 'must not carry a user name, password, query or fragment; secrets go into keys that end in _env',
});

function isBareUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && `${url.username}${url.password}${url.search}${url.hash}` === '';
}
