/**
 * Where the address manager keeps an address: keyed hashes put it into few of many buckets, by its group
 * and the group of whoever told us, so that one attacker with one network fills little of the table.
 * Byte for byte bitcoind's, since its peers.dat lists buckets.
 */
import { sha256d } from '@coind/primitives';
import type { AsMap } from './asmap.ts';
import type { WireAddress } from './messages.ts';
import { bytesOfHost, type HostAddress } from './net-address.ts';
import { netGroup } from './net-group.ts';

export const NEW_BUCKETS = 1024;
export const TRIED_BUCKETS = 256;
/** Places in each bucket. */
export const BUCKET_SIZE = 64;
/** Buckets over which addresses told by one group spread. */
const NEW_BUCKETS_PER_SOURCE = 64;
/** Buckets over which the addresses of one group spread once they were tried. */
const TRIED_BUCKETS_PER_GROUP = 8;

const NEW_MARK = 0x4e;
const TRIED_MARK = 0x4b;

/** What is hashed, put together here: hundreds of thousands of hashes are no reason for as many buffers. */
const scratch = new Uint8Array(256);
const scratchView = new DataView(scratch.buffer);

/** Hashes the first `length` bytes of `scratch`; every modulus here is a power of two up to 2^10. */
function lowBits(length: number, modulus: number): number {
  const [low = 0, high = 0] = sha256d(scratch.subarray(0, length));
  return (low | (high << 8)) % modulus;
}

/** Puts a byte string behind its length at `at`; where the next goes. */
function put(at: number, bytes: Uint8Array): number {
  scratch[at] = bytes.length;
  scratch.set(bytes, at + 1);
  return at + 1 + bytes.length;
}

/** Puts host and port at `at`. */
function putService(at: number, address: WireAddress): number {
  const end = put(at, bytesOfHost(address));
  scratch[at] = (scratch[at] as number) + 2;
  scratchView.setUint16(end, address.port);
  return end + 2;
}

/** What places depend on: the manager's secret of 32 bytes, and the map that makes neighbours. */
export interface Placement {
  readonly key: Uint8Array;
  readonly asMap?: AsMap | undefined;
}

/** The bucket for an address that was tried. */
export function triedBucket({ key, asMap }: Placement, address: WireAddress): number {
  scratch.set(key);
  const spread = lowBits(putService(key.length, address), TRIED_BUCKETS_PER_GROUP);
  const end = put(key.length, netGroup(address, asMap));
  scratchView.setBigUint64(end, BigInt(spread), true);
  return lowBits(end + 8, TRIED_BUCKETS);
}

/** The bucket for an address that `source` told us of. */
export function newBucket(
  { key, asMap }: Placement,
  address: HostAddress,
  source: HostAddress,
): number {
  const sourceGroup = netGroup(source, asMap);
  scratch.set(key);
  const first = put(put(key.length, netGroup(address, asMap)), sourceGroup);
  const spread = lowBits(first, NEW_BUCKETS_PER_SOURCE);
  const end = put(key.length, sourceGroup);
  scratchView.setBigUint64(end, BigInt(spread), true);
  return lowBits(end + 8, NEW_BUCKETS);
}

/** The one place that an address may take in a bucket. */
export function bucketPosition(
  key: Uint8Array,
  address: WireAddress,
  table: 'new' | 'tried',
  bucket: number,
): number {
  scratch.set(key);
  scratch[key.length] = table === 'new' ? NEW_MARK : TRIED_MARK;
  scratchView.setInt32(key.length + 1, bucket, true);
  return lowBits(putService(key.length + 5, address), BUCKET_SIZE);
}
