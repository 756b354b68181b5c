import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesToHex, concatBytes, EMPTY, hexToBytes } from '@coind/primitives';
import { expect, test } from 'vitest';
import { ellSwiftSecret } from './elligator-swift.ts';
import { EXPANSION_BYTES, LENGTH_BYTES, PacketCipher } from './v2-cipher.ts';

const vectors = fileURLToPath(
  new URL('../../../../shared/vectors/core/bip324_packet_vectors.json', import.meta.url),
);
/** The vectors are for the main network. */
const MAGIC = hexToBytes('f9beb4d9');
const SECRET = new Uint8Array(32).fill(7);

interface Vector {
  readonly in_idx: number;
  readonly in_priv_ours: string;
  readonly in_ellswift_ours: string;
  readonly in_ellswift_theirs: string;
  readonly in_initiating: boolean;
  readonly in_contents: string;
  readonly in_multiply: number;
  readonly in_aad: string;
  readonly in_ignore: boolean;
  readonly mid_send_garbage_terminator: string;
  readonly mid_recv_garbage_terminator: string;
  readonly out_session_id: string;
  readonly out_ciphertext: string;
  readonly out_ciphertext_endswith: string;
}

test.skipIf(!existsSync(vectors))(
  existsSync(vectors) ? 'encrypts bitcoind’s vectors' : 'skipped: no ../shared/vectors/core',
  { timeout: 30_000 },
  () => {
    const rows = JSON.parse(readFileSync(vectors, 'utf8')) as Vector[];
    expect(rows.length).toBe(7);
    for (const row of rows) {
      const ours = hexToBytes(row.in_ellswift_ours);
      const theirs = hexToBytes(row.in_ellswift_theirs);
      const initiating = row.in_initiating;
      const secret = ellSwiftSecret(hexToBytes(row.in_priv_ours), ours, theirs, initiating);
      const cipher = new PacketCipher({ secret, magic: MAGIC, initiating });
      expect(bytesToHex(cipher.sendTerminator)).toBe(row.mid_send_garbage_terminator);
      expect(bytesToHex(cipher.receiveTerminator)).toBe(row.mid_recv_garbage_terminator);
      expect(bytesToHex(cipher.sessionId)).toBe(row.out_session_id);

      const peer = new PacketCipher({ secret, magic: MAGIC, initiating: !initiating });
      for (let i = 0; i < row.in_idx; i++) {
        const packet = cipher.encrypt(EMPTY);
        expect(peer.decryptLength(packet.subarray(0, LENGTH_BYTES))).toBe(0);
        expect(peer.decrypt(packet.subarray(LENGTH_BYTES))?.contents).toEqual(EMPTY);
      }
      const part = hexToBytes(row.in_contents);
      const contents = concatBytes(...Array<Uint8Array>(row.in_multiply).fill(part));
      const aad = hexToBytes(row.in_aad);
      const packet = cipher.encrypt(contents, { aad, ignore: row.in_ignore });
      const hex = bytesToHex(packet);
      if (row.out_ciphertext) expect(hex).toBe(row.out_ciphertext);
      else expect(hex.endsWith(row.out_ciphertext_endswith)).toBe(true);

      expect(peer.decryptLength(packet.subarray(0, LENGTH_BYTES))).toBe(contents.length);
      const opened = peer.decrypt(packet.subarray(LENGTH_BYTES), aad);
      expect(opened?.ignore).toBe(row.in_ignore);
      expect(Buffer.compare(opened?.contents ?? EMPTY, contents)).toBe(0);
    }
  },
);

function pair(): readonly [PacketCipher, PacketCipher] {
  const keys = { secret: SECRET, magic: MAGIC };
  return [
    new PacketCipher({ ...keys, initiating: true }),
    new PacketCipher({ ...keys, initiating: false }),
  ];
}

test('both sides agree on session and terminators, and keys are renewed on both', () => {
  const [a, b] = pair();
  expect(a.sessionId).toEqual(b.sessionId);
  expect(a.sendTerminator).toEqual(b.receiveTerminator);
  expect(a.receiveTerminator).toEqual(b.sendTerminator);
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const contents = Uint8Array.of(i & 0xff, i >> 8);
    const packet = a.encrypt(contents);
    expect(packet.length).toBe(contents.length + EXPANSION_BYTES);
    seen.add(bytesToHex(packet));
    expect(b.decryptLength(packet.subarray(0, LENGTH_BYTES))).toBe(2);
    expect(b.decrypt(packet.subarray(LENGTH_BYTES))?.contents).toEqual(contents);
  }
  expect(seen.size).toBe(1000);
});

test('a changed packet, a changed tag and other data beside it are refused', () => {
  const contents = Uint8Array.of(1, 2, 3);
  const refuse = (change: (packet: Uint8Array) => void, aad: Uint8Array): void => {
    const [a, b] = pair();
    const packet = a.encrypt(contents, { aad: Uint8Array.of(9) });
    change(packet);
    expect(b.decrypt(packet.subarray(LENGTH_BYTES), aad)).toBeUndefined();
  };
  refuse((packet) => packet.fill(0, 3, 4), Uint8Array.of(9));
  refuse((packet) => packet.fill(0, packet.length - 1), Uint8Array.of(9));
  refuse(() => undefined, Uint8Array.of(8));
});

test('another network’s magic gives another session', () => {
  const [a] = pair();
  const other = new PacketCipher({
    secret: SECRET,
    magic: hexToBytes('fabfb5da'),
    initiating: true,
  });
  expect(other.sessionId).not.toEqual(a.sessionId);
});
