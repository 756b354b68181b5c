/**
 * The version handshake: who speaks first, what a peer has to offer to be kept, and the features that
 * are agreed on between version and verack (BIP130, 133, 152, 155, 330, 339, 434).
 */
import { NO_ADDRESS, PROTOCOL_VERSION, type VersionMessage, type WireAddress } from './messages.ts';
import { formatAddress, isRoutable, isValid } from './net-address.ts';
import { formatEndpoint } from './network.ts';
import type { Peer } from './peer.ts';
import { RecentSet } from './recent-set.ts';
import { isLimited, offers, services } from './services.ts';
import type { Wire } from './wire.ts';

/** Older peers are refused. */
const MIN_PEER_VERSION = 31800;
const WTXID_RELAY_VERSION = 70016;
const ADDRV2_VERSION = 70016;
/** From here on peers may tell each other of features (BIP434). */
export const FEATURE_VERSION = 70017;
const COMPACT_BLOCKS_VERSION = 70014;
const MAX_LIMITED_PEER_LAG_BLOCKS = 144;
const KNOWN_TXS = 50_000;
const MAX_ADDRESSES = 1000;

/** What others are told of a handshake. */
export interface HandshakeEvents {
  /** An inbound peer sent the nonce of one of our own outbound connections. */
  isOurNonce(nonce: bigint): boolean;
  /** An outbound peer says what it offers. */
  offered(peer: Peer, services: bigint): void;
  /** The peer sees us at this address. */
  seenLocal(peer: Peer, address: WireAddress): void;
  /** It can be told of transactions: too many inbound ones may have to make room. False: it went. */
  txRelayWanted(peer: Peer, message: string): boolean;
  /** Its version was good: an outbound address that works. */
  versionAccepted(peer: Peer): void;
  /** Verack came: it is a full peer now. */
  established(peer: Peer): void;
}

/** The services a peer must offer to be useful; less when we are close to the tip. */
export function desirableServices({ chain, clock }: Wire, offered: bigint): bigint {
  if (isLimited(offered) || offers(offered, services.NETWORK_LIMITED)) {
    const lag = (clock.now() - chain.tip.header.time) / chain.params.powTargetSpacing;
    if (lag < MAX_LIMITED_PEER_LAG_BLOCKS) return services.NETWORK_LIMITED | services.WITNESS;
  }
  return services.NETWORK | services.WITNESS;
}

/** True when the peer offers what makes it useful. */
export function isDesirable(wire: Wire, offered: bigint): boolean {
  return offers(offered, desirableServices(wire, offered));
}

/** Handshakes. */
export class Handshake {
  readonly #wire: Wire;
  readonly #events: HandshakeEvents;
  readonly #refusesTxs: (peer: Peer) => boolean;

  constructor(wire: Wire, events: HandshakeEvents, refusesTxs: (peer: Peer) => boolean) {
    this.#wire = wire;
    this.#events = events;
    this.#refusesTxs = refusesTxs;
  }

  /** Says who we are. */
  sendVersion(peer: Peer): void {
    const { chain, clock, log, options } = this.#wire;
    const { host } = peer;
    // Other networks have no form in this message.
    const known = host && isRoutable(host) && host.networkId <= 2 ? host : undefined;
    const height = chain.tip.ref.height;
    const relay = !this.#refusesTxs(peer);
    peer.versionSent = true;
    peer.send('version', {
      version: PROTOCOL_VERSION,
      services: peer.ourServices,
      time: clock.now(),
      receiver: { ...(known ?? NO_ADDRESS), services: 0n },
      nonce: peer.localNonce,
      userAgent: options.userAgent,
      startHeight: height,
      relay,
    });
    log.debug(
      'net',
      `send version message: version=${PROTOCOL_VERSION}, blocks=${height}, txrelay=${relay ? 1 : 0}, peer=${peer.id}`,
    );
  }

  /** The peer says who it is. */
  receiveVersion(peer: Peer, message: VersionMessage): void {
    const wire = this.#wire;
    const { log, options } = wire;
    if (peer.version !== 0) {
      log.debug('net', `redundant version message from peer=${peer.id}`);
      return;
    }
    if (!peer.inbound) this.#events.offered(peer, message.services);
    if (!this.#isAcceptable(peer, message)) return;
    const { receiver, relay } = message;
    if (peer.inbound && isRoutable(receiver)) this.#events.seenLocal(peer, receiver);
    if (peer.inbound) this.sendVersion(peer);

    const common = Math.min(message.version, PROTOCOL_VERSION);
    peer.commonVersion = common;
    peer.version = message.version;
    peer.services = message.services;
    peer.hasWantedServices = isDesirable(wire, message.services);
    peer.addressLocal = isValid(receiver) ? receiver : undefined;
    peer.userAgent = message.userAgent;
    peer.startHeight = message.startHeight;
    const mayRelay = peer.type !== 'block-relay-only' && peer.type !== 'feeler';
    if (mayRelay && (relay || offers(peer.ourServices, services.BLOOM))) {
      peer.txRelay = {
        relay,
        filter: undefined,
        known: new RecentSet(KNOWN_TXS),
        toSend: new Set(),
        sendMempool: false,
        nextSend: 0,
        lastSequence: 1,
        feeFilter: 0n,
      };
      if (relay) peer.relaysTxs = true;
    }
    log.debug(
      'net',
      `receive version message: ${message.userAgent || '<no user agent>'}: version ${message.version}, blocks=${message.startHeight}, us=${formatAddress(receiver)}, txrelay=${relay ? 1 : 0}, ${peer.label}`,
    );
    if (common >= WTXID_RELAY_VERSION) peer.send('wtxidrelay', undefined);
    if (common >= ADDRV2_VERSION) peer.send('sendaddrv2', undefined);
    const reconciles =
      options.reconciliation &&
      common >= WTXID_RELAY_VERSION &&
      peer.txRelay?.relay &&
      peer.type !== 'addr-fetch' &&
      !options.blocksOnly;
    if (reconciles) {
      peer.reconciliation = 'offered';
      peer.send('sendtxrcncl', { version: 1, salt: wire.random.u64() });
    }
    if (!this.#events.txRelayWanted(peer, 'version')) return;
    peer.send('verack', undefined);
    this.#events.versionAccepted(peer);
    peer.timeOffset = message.time - wire.clock.now();
    if (peer.type === 'feeler') wire.disconnect(peer, 'feeler connection completed');
  }

  /** The peer has accepted us. */
  receiveVerack(peer: Peer): void {
    const { log } = this.#wire;
    if (peer.established) {
      log.debug('net', `ignoring redundant verack message from peer=${peer.id}`);
      return;
    }
    const line = `New ${peer.type} peer connected: transport: ${peer.transport.kind}, version: ${peer.version}, ${peer.label}`;
    if (peer.inbound) log.debug('net', line);
    else log.info(line);
    if (peer.commonVersion >= COMPACT_BLOCKS_VERSION) {
      peer.send('sendcmpct', { announce: 0, version: 2n });
    }
    if (!peer.wtxidRelay || peer.reconciliation === 'offered') this.forgetReconciliation(peer);
    peer.established = true;
    this.#events.established(peer);
  }

  /** Asks an outbound peer for addresses, once. */
  sendGetaddr(peer: Peer): void {
    peer.send('getaddr', undefined);
    peer.addresses.getaddrSent = true;
    peer.addresses.tokens += MAX_ADDRESSES;
  }

  receiveWtxidrelay(peer: Peer): void {
    const { log } = this.#wire;
    if (peer.established) {
      this.#wire.disconnect(peer, 'wtxidrelay received after verack');
    } else if (peer.commonVersion < WTXID_RELAY_VERSION) {
      log.debug(
        'net',
        `ignoring wtxidrelay due to old common version=${peer.commonVersion} from peer=${peer.id}`,
      );
    } else if (peer.wtxidRelay) {
      log.debug('net', `ignoring duplicate wtxidrelay from peer=${peer.id}`);
    } else {
      peer.wtxidRelay = true;
    }
  }

  receiveSendaddrv2(peer: Peer): void {
    if (peer.established) this.#wire.disconnect(peer, 'sendaddrv2 received after verack');
    else peer.wantsAddrv2 = true;
  }

  /** Transaction reconciliation is agreed on but not done yet, as in bitcoind. */
  receiveSendtxrcncl(peer: Peer, read: () => { version: number; salt: bigint }): void {
    const { log, options } = this.#wire;
    if (!options.reconciliation) {
      log.debug(
        'net',
        `sendtxrcncl from peer=${peer.id} ignored, as our node does not have txreconciliation enabled`,
      );
      return;
    }
    const problem = this.#reconciliationProblem(peer, read);
    if (problem !== undefined) this.#wire.disconnect(peer, problem);
  }

  /** Takes back what was agreed on, if anything was. */
  forgetReconciliation(peer: Peer): void {
    if (peer.reconciliation === 'none') return;
    peer.reconciliation = 'none';
    const line = `Forget txreconciliation state of peer=${peer.id}`;
    this.#wire.log.debug('txreconciliation', line);
  }

  #reconciliationProblem(
    peer: Peer,
    read: () => { version: number; salt: bigint },
  ): string | undefined {
    if (peer.established) return 'sendtxrcncl received after verack';
    if (this.#refusesTxs(peer)) return 'sendtxrcncl received to which we indicated no tx relay';
    if (!peer.txRelay?.relay) return 'sendtxrcncl received which indicated no tx relay to us';
    const { version } = read();
    if (peer.reconciliation === 'none') {
      this.#wire.log.debug('net', `Ignore unexpected txreconciliation signal from peer=${peer.id}`);
      return undefined;
    }
    const violation = 'txreconciliation protocol violation';
    if (peer.reconciliation === 'registered') {
      return `${violation} (sendtxrcncl received from already registered peer)`;
    }
    if (version < 1) return violation;
    peer.reconciliation = 'registered';
    this.#wire.log.debug(
      'txreconciliation',
      `Register peer=${peer.id} (inbound=${peer.inbound ? 1 : 0})`,
    );
    return undefined;
  }

  #isAcceptable(peer: Peer, { version, services: offered, nonce }: VersionMessage): boolean {
    const wire = this.#wire;
    const chosen = peer.isOutboundOrBlockRelay || peer.type === 'addr-fetch';
    if (chosen && !isDesirable(wire, offered)) {
      const hex = (bits: bigint) => bits.toString(16).padStart(8, '0');
      wire.disconnect(
        peer,
        `peer does not offer the expected services (${hex(offered)} offered, ${hex(desirableServices(wire, offered))} expected)`,
      );
      return false;
    }
    if (version < MIN_PEER_VERSION) {
      wire.disconnect(peer, `peer using obsolete version ${version}`);
      return false;
    }
    if (peer.inbound && this.#events.isOurNonce(nonce)) {
      wire.log.info(`connected to self at ${formatEndpoint(peer.address)}, disconnecting`);
      wire.disconnect(peer, '');
      return false;
    }
    return true;
  }
}
