import { expect, it } from 'vitest';
import { healthAddressOf } from '../../../src/health/health-address.ts';

it.each([
  [null, {}, undefined],
  ['127.0.0.1:9090', {}, { host: '127.0.0.1', port: 9090 }],
  ['[::1]:9090', {}, { host: '::1', port: 9090 }],
  ['0.0.0.0:9090', { HOMESEC_HEALTH_PORT: '9091' }, { host: '0.0.0.0', port: 9091 }],
  [null, { HOMESEC_HEALTH_PORT: '9091' }, { host: '127.0.0.1', port: 9091 }],
  ['127.0.0.1:9090', { HOMESEC_HEALTH_PORT: '', HOMESEC_HEALTH_HOST: '' }, { host: '127.0.0.1', port: 9090 }],
  ['127.0.0.1:9090', { HOMESEC_HEALTH_HOST: '0.0.0.0' }, { host: '0.0.0.0', port: 9090 }],
  [null, { HOMESEC_HEALTH_HOST: '0.0.0.0' }, undefined],
])('health.listen %j with the environment %j is %j', (listen, environment, expected) => {
  // Given, When
  const address = healthAddressOf({ health: { listen } }, environment);
  // Then
  expect(address).toEqual(expected);
});
