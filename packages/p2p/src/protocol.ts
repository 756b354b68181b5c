/**
 * The protocol at one desk: takes a peer's messages one by one to whoever handles them, and then looks
 * what there is to tell that peer. One message of one peer is processed at a time, so nobody has to
 * think of two at once.
 */
import type { TipChange } from '@coind/chain';
import { type BlockHash, DecodeError, MAX_MONEY, Reader } from '@coind/primitives';
import { AddressRelay, type AddressRelayModules } from './address-relay.ts';
import { BlockDownload } from './block-download.ts';
import { BlockRelay, type UploadLimits } from './block-relay.ts';
import { BloomFilter, MAX_FILTERADD_BYTES } from './bloom-filter.ts';
import { CompactRelay } from './compact-relay.ts';
import { FilterServing, type FilterSource } from './filter-serving.ts';
import { FEATURE_VERSION, Handshake, type HandshakeEvents } from './handshake.ts';
import { HeaderSync, MAX_HEADERS } from './header-sync.ts';
import {
  decodePayload,
  formatInventory,
  type Inventory,
  inventoryTypes,
  isKnownMessage,
  isTxInventory,
  type MessageType,
  sanitize,
} from './messages.ts';
import type { Peer } from './peer.ts';
import { offers, services } from './services.ts';
import type { RawMessage } from './transport.ts';
import { MAX_INVENTORY, TxRelay } from './tx-relay.ts';
import { noteAnnounced, type Wire } from './wire.ts';

const PING_INTERVAL_MS = 2 * 60_000;
const PING_TIMEOUT_MS = 20 * 60_000;
const BIP31_VERSION = 60_000;
const MAX_NOTFOUND = 5000 + 16;
const ADDR_FETCH_TIMEOUT_MS = 5 * 60_000;

/** How bitcoind's log words what its reader of bytes refuses; programs look for it. */
const readerTexts: Readonly<Record<string, string>> = {
  'unexpected end of data': 'DataStream::read(): end of data',
  'non-canonical compact size': 'non-canonical ReadCompactSize()',
  'size too large': 'ReadCompactSize(): size too large',
  'superfluous witness record': 'Superfluous witness record',
  'unknown transaction optional data': 'Unknown transaction optional data',
};

function bitcoindsText(message: string): string {
  return readerTexts[message] ?? message;
}

/** What the protocol works with beside the wire. */
export interface ProtocolModules {
  readonly limits: UploadLimits;
  readonly filters: FilterSource | undefined;
  readonly gossip: Omit<AddressRelayModules, 'wire'>;
  readonly events: Pick<
    HandshakeEvents,
    'isOurNonce' | 'offered' | 'seenLocal' | 'txRelayWanted'
  > & {
    /** An outbound peer's version was good. */
    connected(peer: Peer): void;
  };
}

/** Every part of the protocol, and the way of a message to it. */
export class Protocol {
  readonly download: BlockDownload;
  readonly headers: HeaderSync;
  readonly txs: TxRelay;
  readonly blocks: BlockRelay;
  readonly handshake: Handshake;
  readonly addresses: AddressRelay;
  readonly #compact: CompactRelay;
  readonly #filters: FilterServing;
  readonly #txRelayWanted: (peer: Peer, message: string) => boolean;
  readonly #wire: Wire;
  readonly #limits: UploadLimits;
  readonly #stopFollowing: () => void;

  constructor(wire: Wire, { limits, events, filters, gossip }: ProtocolModules) {
    this.#wire = wire;
    this.#limits = limits;
    this.download = new BlockDownload(wire);
    this.headers = new HeaderSync(wire, this.download);
    this.txs = new TxRelay(wire);
    this.blocks = new BlockRelay(wire, this.txs, limits);
    this.addresses = new AddressRelay({ wire, ...gossip });
    const { download, headers, blocks, txs } = this;
    this.#compact = new CompactRelay({ wire, download, headers, blocks, txs });
    this.#filters = new FilterServing(wire, blocks, filters);
    this.#txRelayWanted = events.txRelayWanted;
    this.handshake = new Handshake(
      wire,
      {
        ...events,
        versionAccepted: (peer) => {
          this.download.peerReady(peer);
          if (peer.inbound) return;
          if (this.addresses.enable(peer)) this.handshake.sendGetaddr(peer);
          events.connected(peer);
        },
        established: (peer) => this.txs.download.peerReady(peer),
      },
      (peer) => this.txs.refusesFrom(peer),
    );
    this.#stopFollowing = wire.chain.onTip((change) => this.#tipChanged(change));
  }

  close(): void {
    this.#stopFollowing();
  }

  /** Forgets a peer everywhere. */
  peerGone(peer: Peer): void {
    this.headers.peerGone(peer);
    this.download.peerGone(peer);
    this.txs.download.peerGone(peer);
    this.handshake.forgetReconciliation(peer);
    this.#wire.log.debug('net', `Cleared nodestate for peer=${peer.id}`);
  }

  /** Processes one message of a peer, or a piece of earlier work; true when there is more to do. */
  async process(peer: Peer, next: () => RawMessage | undefined): Promise<boolean> {
    const { log } = this.#wire;
    if (!peer.inbound && !peer.versionSent) return false;
    if (peer.getdata.length > 0) await this.blocks.processGetdata(peer);
    if (peer.disconnecting) return false;
    if (await this.txs.processOrphan(peer)) return true;
    if (peer.disconnecting) return false;
    if (this.#limits.isCongested(peer)) return false;
    // Answers keep the order of the questions.
    if (peer.getdata.length > 0) return true;
    const message = next();
    if (!message) return false;
    try {
      await this.#dispatch(peer, message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const type = sanitize(message.type);
      const length = message.payload.length;
      log.debug(
        'net',
        `ProcessMessages(${type}, ${length} bytes): Exception '${bitcoindsText(error.message)}' (${error.name}) caught`,
      );
    }
    return peer.getdata.length > 0 || this.txs.download.hasWork(peer);
  }

  /** Sends a peer whatever is due. */
  tick(peer: Peer): void {
    const wire = this.#wire;
    const { clock } = wire;
    if (!peer.inbound && !peer.versionSent) {
      this.handshake.sendVersion(peer);
    }
    if (!peer.established || peer.disconnecting) return;
    if (peer.type === 'addr-fetch' && clock.nowMs() - peer.connectedAt > ADDR_FETCH_TIMEOUT_MS) {
      wire.disconnect(peer, 'addrfetch connection timeout');
      return;
    }
    this.#maybePing(peer);
    if (peer.disconnecting) return;
    this.addresses.tick(peer);
    this.headers.maybeSendSendheaders(peer);
    this.txs.tick();
    this.headers.maybeStart(peer);
    const announcements: Inventory[] = [];
    this.blocks.collectAnnouncements(peer, announcements);
    this.txs.collectAnnouncements(peer, announcements);
    if (announcements.length > 0) peer.send('inv', announcements);
    if (this.download.checkStalling(peer) || this.headers.checkTimeout(peer)) return;
    this.headers.considerEviction(peer);
    if (peer.disconnecting) return;
    const requests = this.download.nextRequests(peer);
    this.txs.collectRequests(peer, requests);
    if (requests.length > 0) peer.send('getdata', requests);
    this.txs.maybeSendFeefilter(peer);
  }

  #tipChanged(change: TipChange): void {
    const { chain, log } = this.#wire;
    try {
      const { download } = this.txs;
      if (change.disconnected.length > 0) download.blockDisconnected();
      this.download.tipChanged(change);
      if (!chain.initialDownload) {
        download.tipChanged();
        for (const { block } of change.connected) download.blockConnected(block);
      }
      this.blocks.tipChanged(change);
    } catch (error) {
      // The chain must not fail because of a peer.
      log.error(`Announcing a block failed: ${error instanceof Error ? error.stack : error}`);
    }
  }

  async #dispatch(peer: Peer, { type, payload }: RawMessage): Promise<void> {
    const wire = this.#wire;
    const { log } = wire;
    if (log.enabled('net')) {
      log.debug('net', `received: ${sanitize(type)} (${payload.length} bytes) peer=${peer.id}`);
    }
    const reader = new Reader(payload);
    if (type === 'version') {
      this.handshake.receiveVersion(peer, decodePayload('version', reader));
      return;
    }
    if (peer.version === 0) {
      log.debug(
        'net',
        `non-version message before version handshake. Message "${sanitize(type)}" from peer=${peer.id}`,
      );
      return;
    }
    if (this.#negotiate(peer, type, reader)) return;
    if (!peer.established) {
      log.debug(
        'net',
        `Unsupported message "${sanitize(type)}" prior to verack from peer=${peer.id}`,
      );
      return;
    }
    if (!isKnownMessage(type)) {
      log.debug('net', `Unknown message type "${sanitize(type)}" from peer=${peer.id}`);
      return;
    }
    await this.#handle(peer, type, reader);
  }

  /** Messages that may come before verack; true when it was one. */
  #negotiate(peer: Peer, type: string, reader: Reader): boolean {
    const { log } = this.#wire;
    switch (type) {
      case 'verack':
        this.handshake.receiveVerack(peer);
        return true;
      case 'sendheaders':
        peer.headers.prefersHeaders = true;
        return true;
      case 'sendcmpct': {
        const { announce, version } = decodePayload('sendcmpct', reader);
        if (announce > 1) this.#wire.misbehaving(peer, 'invalid sendcmpct announce field');
        else if (version === 2n) {
          peer.blocks.providesCompact = true;
          peer.blocks.wantsCompact = announce === 1;
        }
        return true;
      }
      case 'wtxidrelay':
        this.handshake.receiveWtxidrelay(peer);
        return true;
      case 'sendaddrv2':
        this.handshake.receiveSendaddrv2(peer);
        return true;
      case 'sendtxrcncl':
        this.handshake.receiveSendtxrcncl(peer, () => decodePayload('sendtxrcncl', reader));
        return true;
      case 'feature':
        if (peer.established) this.#wire.disconnect(peer, 'feature received after verack');
        else if (peer.commonVersion < FEATURE_VERSION) {
          this.#wire.disconnect(
            peer,
            `feature received with incompatible version ${peer.commonVersion}`,
          );
        } else {
          try {
            const { id } = decodePayload('feature', reader);
            log.debug('net', `unknown feature advertised: ${id}`);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
            this.#wire.disconnect(peer, 'invalid feature payload');
          }
        }
        return true;
      default:
        return false;
    }
  }

  async #handle(peer: Peer, type: MessageType, reader: Reader): Promise<void> {
    const wire = this.#wire;
    switch (type) {
      case 'ping': {
        const nonce = decodePayload('ping', reader);
        if (peer.commonVersion <= BIP31_VERSION) return;
        if (nonce === undefined) throw new DecodeError('DataStream::read(): end of data');
        peer.send('pong', nonce);
        return;
      }
      case 'pong':
        this.#receivePong(peer, reader);
        return;
      case 'inv':
        this.#receiveInv(peer, decodePayload('inv', reader));
        return;
      case 'getdata':
        await this.#receiveGetdata(peer, decodePayload('getdata', reader));
        return;
      case 'notfound':
        this.#receiveNotfound(peer, decodePayload('notfound', reader));
        return;
      case 'getheaders':
        this.blocks.receiveGetheaders(peer, decodePayload('getheaders', reader));
        return;
      case 'getblocks':
        this.blocks.receiveGetblocks(peer, decodePayload('getblocks', reader));
        return;
      case 'headers': {
        const count = new Reader(reader.bytes).compactSize();
        if (count > MAX_HEADERS) {
          wire.misbehaving(peer, `headers message size = ${count}`);
          return;
        }
        await this.headers.receive(peer, decodePayload('headers', reader));
        return;
      }
      case 'block':
        await this.download.receive(peer, decodePayload('block', reader));
        return;
      case 'tx':
        await this.txs.receive(peer, () => decodePayload('tx', reader));
        return;
      case 'mempool':
        this.#receiveMempool(peer);
        return;
      case 'feefilter': {
        const fee = decodePayload('feefilter', reader);
        if (fee < 0n || fee > MAX_MONEY) return;
        if (peer.txRelay) peer.txRelay.feeFilter = fee;
        const btc = `${fee / 100_000_000n}.${(fee % 100_000_000n).toString().padStart(8, '0')}`;
        wire.log.debug('net', `received: feefilter of ${btc} BTC/kvB from peer=${peer.id}`);
        return;
      }
      case 'addr':
      case 'addrv2':
        this.addresses.receive(peer, type, decodePayload(type, reader));
        return;
      case 'getaddr':
        this.addresses.receiveGetaddr(peer);
        return;
      case 'cmpctblock':
        await this.#compact.receive(peer, reader.bytes);
        return;
      case 'getblocktxn':
        await this.#compact.receiveRequest(peer, reader.bytes);
        return;
      case 'blocktxn':
        await this.#compact.receiveTransactions(peer, reader.bytes);
        return;
      case 'filterload':
      case 'filteradd':
      case 'filterclear':
        this.#receiveFilter(peer, type, reader);
        return;
      case 'getcfilters':
        await this.#filters.receiveGetcfilters(peer, decodePayload(type, reader));
        return;
      case 'getcfheaders':
        await this.#filters.receiveGetcfheaders(peer, decodePayload(type, reader));
        return;
      case 'getcfcheckpt':
        await this.#filters.receiveGetcfcheckpt(peer, decodePayload(type, reader));
        return;
      default:
        return;
    }
  }

  /** Bloom filters (BIP37), where they are offered. */
  #receiveFilter(
    peer: Peer,
    type: 'filterload' | 'filteradd' | 'filterclear',
    reader: Reader,
  ): void {
    const wire = this.#wire;
    if (!offers(peer.ourServices, services.BLOOM)) {
      wire.disconnect(peer, `${type} received despite not offering bloom services`);
      return;
    }
    const relay = peer.txRelay;
    if (type === 'filteradd') {
      const data = reader.varBytes();
      const fits = data.length <= MAX_FILTERADD_BYTES;
      if (!fits || (relay && !relay.filter)) wire.misbehaving(peer, 'bad filteradd message');
      else relay?.filter?.insert(data);
      return;
    }
    const filter = type === 'filterload' ? BloomFilter.decode(reader.bytes) : undefined;
    if (filter && !filter.isWithinLimits) {
      wire.misbehaving(peer, 'too-large bloom filter');
      return;
    }
    if (!relay) return;
    relay.filter = filter;
    relay.relay = true;
    peer.relaysTxs = true;
    this.#txRelayWanted(peer, type);
  }

  #receiveInv(peer: Peer, items: readonly Inventory[]): void {
    const wire = this.#wire;
    const { chain, log } = wire;
    if (items.length > MAX_INVENTORY) {
      wire.misbehaving(peer, `inv message size = ${items.length}`);
      return;
    }
    let last: string | undefined;
    for (const item of items) {
      const { type, hash } = item;
      if (type === inventoryTypes.BLOCK) {
        const have = chain.info(hash as BlockHash) !== undefined;
        log.debug(
          'net',
          `got inv: ${formatInventory(item)} ${have ? 'have' : 'new'} peer=${peer.id}`,
        );
        noteAnnounced(wire, peer, hash as BlockHash);
        if (!have && !this.download.isRequested(hash as BlockHash)) last = hash;
      } else if (!isTxInventory(item)) {
        log.debug(
          'net',
          `Unknown inv type "${formatInventory(item)}" received from peer=${peer.id}`,
        );
      }
    }
    if (!this.txs.announcedBy(peer, items)) return;
    if (last !== undefined) this.headers.announcedByInv(peer, last);
  }

  async #receiveGetdata(peer: Peer, items: readonly Inventory[]): Promise<void> {
    const { log } = this.#wire;
    if (items.length > MAX_INVENTORY) {
      this.#wire.misbehaving(peer, `getdata message size = ${items.length}`);
      return;
    }
    log.debug('net', `received getdata (${items.length} invsz) peer=${peer.id}`);
    const [first] = items;
    if (first) {
      log.debug('net', `received getdata for: ${formatInventory(first)} peer=${peer.id}`);
    }
    peer.getdata.push(...items);
    await this.blocks.processGetdata(peer);
  }

  #receiveNotfound(peer: Peer, items: readonly Inventory[]): void {
    if (items.length > MAX_NOTFOUND) return;
    for (const item of items) {
      if (isTxInventory(item)) this.txs.download.notFound(peer, item.hash);
    }
  }

  #receiveMempool(peer: Peer): void {
    const allowed = peer.has('mempool');
    if (!allowed && !offers(peer.ourServices, services.BLOOM)) {
      if (!peer.has('noban')) {
        this.#wire.disconnect(peer, 'mempool request with bloom filters disabled');
      }
      return;
    }
    if (!allowed && this.#limits.targetReached(false)) {
      if (!peer.has('noban')) {
        this.#wire.disconnect(peer, 'mempool request with bandwidth limit reached');
      }
      return;
    }
    if (peer.txRelay) peer.txRelay.sendMempool = true;
  }

  #maybePing(peer: Peer): void {
    const { clock, random, options } = this.#wire;
    const now = clock.nowMs();
    const checked = peer.connectedAt + options.peerTimeoutMs < now;
    if (checked && peer.pingNonce !== 0n && now > peer.pingStart + PING_TIMEOUT_MS) {
      const seconds = ((now - peer.pingStart) / 1000).toFixed(6);
      this.#wire.disconnect(peer, `ping timeout: ${seconds}s`);
      return;
    }
    const due = peer.pingNonce === 0n && now > peer.pingStart + PING_INTERVAL_MS;
    if (!due && !peer.pingQueued) return;
    const nonce = random.u64() || 1n;
    peer.pingQueued = false;
    peer.pingStart = now;
    const hasNonce = peer.commonVersion > BIP31_VERSION;
    peer.pingNonce = hasNonce ? nonce : 0n;
    peer.send('ping', hasNonce ? nonce : undefined);
  }

  #receivePong(peer: Peer, reader: Reader): void {
    const { clock, log } = this.#wire;
    const available = reader.left;
    const nonce = decodePayload('pong', reader);
    let problem = '';
    let finished = false;
    if (nonce === undefined) {
      problem = 'Short payload';
      finished = true;
    } else if (peer.pingNonce === 0n) {
      problem = 'Unsolicited pong without ping';
    } else if (nonce === peer.pingNonce) {
      finished = true;
      const took = clock.nowMs() - peer.pingStart;
      if (took >= 0) {
        peer.lastPing = took;
        peer.minPing = Math.min(peer.minPing, took);
      } else {
        problem = 'Timing mishap';
      }
    } else {
      problem = 'Nonce mismatch';
      if (nonce === 0n) {
        problem = 'Nonce zero';
        finished = true;
      }
    }
    if (problem) {
      const hex = (value: bigint) => value.toString(16);
      log.debug(
        'net',
        `pong peer=${peer.id}: ${problem}, ${hex(peer.pingNonce)} expected, ${hex(nonce ?? 0n)} received, ${available} bytes`,
      );
    }
    if (finished) peer.pingNonce = 0n;
  }
}
