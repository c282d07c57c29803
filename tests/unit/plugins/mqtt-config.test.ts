import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseBrokerUrl } from '../../../src/plugins/notifiers/mqtt/broker-address.ts';
import { mqttNotifier } from '../../../src/plugins/notifiers/mqtt/index.ts';

const { configSchema } = mqttNotifier;

describe('the config of mqtt', () => {
  test.each([
    {},
    { host: 'broker.lan' },
    { host: 'broker.lan', port: 8883, tls: {} },
    { url: 'mqtt://broker.lan' },
    { url: 'mqtts://[::1]:8884', tls: { ca_file: 'ca.pem', cert_file: 'c.pem', key_file: 'k.pem' } },
    { topic_template: 'alerts', availability_topic: null, qos: 2, retain: true },
  ])('may be %j', (config) => {
    // Given settings that make sense
    // When they are parsed
    const parsed = configSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(true);
  });

  test.each([
    [{ host: 'a', url: 'mqtt://b' }, 'url'],
    [{ port: 1883 }, 'port'],
    [{ url: 'http://broker.lan' }, 'url'],
    [{ url: 'mqtt://broker.lan/path' }, 'url'],
    [{ url: 'mqtt://broker.lan', tls: {} }, 'tls'],
    [{ host: 'a', tls: { cert_file: 'c.pem' } }, 'tls.key_file'],
    [{ host: 'a', tls: { key_file: 'c.pem' } }, 'tls.key_file'],
    [{ qos: 3 }, 'qos'],
    [{ connection_timeout_s: 13 }, 'connection_timeout_s'],
    [{ publish_timeout_s: 13 }, 'publish_timeout_s'],
    [{ topic_template: 'homecam/#' }, 'topic_template'],
    [{ topic_template: 'homecam/+/x' }, 'topic_template'],
    [{ topic_template: '$SYS/x' }, 'topic_template'],
    [{ topic_template: 'homecam/{camera}' }, 'topic_template'],
    [{ topic_template: 'homecam/{camera_name' }, 'topic_template'],
    [{ availability_topic: '' }, 'availability_topic'],
    [{ auth: { username_env: 'not a name' } }, 'auth.username_env'],
    [{ auth: { password_env: 'A' } }, 'auth.username_env'],
    [{ hsot: 'typo' }, ''],
  ])('may not be %j, and %j is named', (config, path) => {
    // Given settings that make no sense
    // When they are parsed
    const parsed = configSchema.safeParse(config);
    // Then
    expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  test('is refused with a password in the url, and the message does not repeat it', () => {
    // Given
    const config = { url: 'mqtt://homesec:hunter2@broker.lan' };
    // When
    const parsed = configSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).not.toContain('hunter2');
  });

  test('describes each of its fields', () => {
    // Given the schema as documentation is made from it
    const { properties } = z.toJSONSchema(configSchema, { io: 'input' });
    // When
    const silent = Object.entries(properties ?? {}).filter(([, field]) => typeof field !== 'object' || !field.description);
    // Then
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});

describe('the URL of a broker', () => {
  test.each([
    ['mqtt://h', { host: 'h', port: 1883, isTls: false, credentials: null }],
    ['mqtts://h', { host: 'h', port: 8883, isTls: true, credentials: null }],
    ['mqtt://[::1]:1884/', { host: '::1', port: 1884, isTls: false, credentials: null }],
    ['mqtt://u:p%40%3A@h', { host: 'h', port: 1883, isTls: false, credentials: { username: 'u', password: 'p@:' } }],
    ['mqtt://u:100%@h', { host: 'h', port: 1883, isTls: false, credentials: { username: 'u', password: '100%' } }],
    ['mqtt://u@h', { host: 'h', port: 1883, isTls: false, credentials: { username: 'u' } }],
  ])('%s is understood', (text, address) => {
    // Given a URL
    // When it is parsed
    // Then
    expect(parseBrokerUrl(text)).toEqual(address);
  });

  test.each(['', 'h:1883', 'ws://h', 'mqtt://', 'mqtt://h/x', 'mqtt://h?x', 'mqtt://h#x', 'mqtt://h:99999'])(
    '%j is none',
    (text) => {
      // Given something else
      // When it is parsed
      // Then
      expect(parseBrokerUrl(text)).toBeUndefined();
    },
  );
});
