/**
 * The wire alone (`@coind/p2p/codec`): payloads and transports for a program that speaks the protocol
 * without a node, as crawlers, probes and fuzzers do.
 */
export { BloomFilter } from '../bloom-filter.ts';
export {
  type CompactBlock,
  compactBlockOf,
  decodeBlockTxn,
  decodeBlockTxnRequest,
  decodeCompactBlock,
  encodeBlockTxn,
  encodeBlockTxnRequest,
  encodeCompactBlock,
} from '../compact-blocks.ts';
export {
  type AddressRecord,
  decodePayload,
  encodePayload,
  type Inventory,
  isKnownMessage,
  type MessageType,
  messages,
  NO_ADDRESS,
  type Payload,
  PROTOCOL_VERSION,
  type VersionMessage,
} from '../messages.ts';
export {
  MAX_PAYLOAD_BYTES,
  type RawMessage,
  type Received,
  type Transport,
  type TransportProblem,
  V1Transport,
} from '../transport.ts';
export { type V2Modules, type V2Options, V2Transport } from '../v2-transport.ts';
