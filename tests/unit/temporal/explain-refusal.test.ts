import { expect, it } from 'vitest';
import { explainRefusal } from '../../../src/temporal/explain-refusal.ts';

it('a server that ends the connection before it has said why is taken for one that wants TLS or a certificate', () => {
  // Given what a worker is told when the server hangs up in the middle of its first call
  const said = `Failed to call GetSystemInfo: code: 'The operation was cancelled', source: hyper::Error(Canceled, "connection closed")`;
  // When
  const explained = explainRefusal(new Error('no connection', { cause: new Error(said) }));
  // Then
  expect(explained).toContain('TEMPORAL_TLS=true');
  expect(explained).toContain('TEMPORAL_TLS_CLIENT_CERT_PATH');
  expect(explained).toContain(said);
});
