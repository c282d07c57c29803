import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface TlsFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A new authority, and a certificate signed by it for the given name, such as `IP:127.0.0.1` or `DNS:elsewhere`. */
export function createTlsFiles(folder: string, label: string, subjectAltName: string): TlsFiles {
  const path = (name: string) => join(folder, `${label}-${name}`);
  const [caKey, caFile, keyFile, certFile] = [path('ca.key'), path('ca.pem'), path('key.pem'), path('cert.pem')];
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-keyout', caKey, '-out', caFile, '-subj', `/CN=${label} test authority`);
  const signed = ['-CA', caFile, '-CAkey', caKey, '-addext', `subjectAltName=${subjectAltName}`];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    keyFile,
    '-out',
    certFile,
    '-subj',
    '/CN=homesec test',
    ...signed,
    '-addext',
    'basicConstraints=CA:FALSE',
  );
  return { caFile, certFile, keyFile };
}
