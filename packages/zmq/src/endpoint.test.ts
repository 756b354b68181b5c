import { describe, expect, test } from 'vitest';
import { formatEndpoint, parseEndpoint } from './endpoint.ts';

describe('endpoints', () => {
  test.each([
    ['tcp://127.0.0.1:28332', { transport: 'tcp', host: '127.0.0.1', port: 28332 }],
    ['tcp://[::1]:28332', { transport: 'tcp', host: '::1', port: 28332 }],
    ['tcp://eth0:5555', { transport: 'tcp', host: 'eth0', port: 5555 }],
    ['ipc:///run/coind.sock', { transport: 'ipc', path: '/run/coind.sock' }],
  ] as const)('%s', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
    expect(formatEndpoint(endpoint)).toBe(text);
  });

  test('any port is free to choose', () => {
    expect(parseEndpoint('tcp://*:*')).toEqual({ transport: 'tcp', host: '*', port: 0 });
    expect(parseEndpoint('tcp://*:0')).toEqual({ transport: 'tcp', host: '*', port: 0 });
  });

  test.each([
    ['foo', 'foo is no endpoint: Invalid argument'],
    ['', 'is no endpoint'],
    ['tcp://127.0.0.1', 'Invalid argument'],
    ['tcp://127.0.0.1:65536', 'Invalid argument'],
    ['tcp://[127.0.0.1]:1', 'Invalid argument'],
    ['tcp://::1:5', 'Invalid argument'],
    ['ipc://', 'names no file'],
    ['udp://127.0.0.1:1', 'udp://127.0.0.1:1: Protocol not supported'],
  ])('%s is refused', (text, message) => {
    expect(() => parseEndpoint(text)).toThrow(message);
  });
});
