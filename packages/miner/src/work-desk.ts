/**
 * Blocks handed out to be solved elsewhere and taken back as headers, as getwork did in 2011. Each header
 * has a coinbase of its own, by whose merkle root the block is found again.
 */
import type { Chain } from '@coind/chain';
import type { Mempool } from '@coind/mempool';
import { type Block, BlockHeader, decodeBits, hashToNumber } from '@coind/primitives';
import type { Miner } from './miner.ts';
import type { Payee } from './payee.ts';
import { type BlockTemplate, blockOf, refreshed } from './template.ts';

/** Modules that a desk works with. */
export interface WorkDeskModules {
  readonly chain: Chain;
  readonly mempool: Pick<Mempool, 'updates'>;
  readonly miner: Pick<Miner, 'template'>;
  readonly clock: { now(): number };
}

/** Seconds after which a changed pool is worth a new template; bitcoind's number. */
const KEEP_SECONDS = 60;
/** Blocks on one tip that are kept; whoever asks more often than that gets nothing for the oldest. */
const MAX_OUTSTANDING = 10_000;

interface Made {
  readonly template: BlockTemplate;
  readonly updates: number;
  readonly at: number;
}

interface Outstanding {
  readonly block: Block;
  readonly payee: Payee;
}

/** Hands out work and takes it back. */
export class WorkDesk {
  readonly #modules: WorkDeskModules;
  readonly #outstanding = new Map<string, Outstanding>();
  #made: Made | undefined;
  #extraNonce = 0;

  constructor(modules: WorkDeskModules) {
    this.#modules = modules;
  }

  /** A header to solve; the block behind it pays `payee`. */
  async give(payee: Payee): Promise<BlockHeader> {
    const { params } = this.#modules.chain;
    const template = await this.#template();
    this.#extraNonce++;
    const script = await payee.script();
    const block = blockOf(template, script, params, { extraNonce: this.#extraNonce });
    this.#outstanding.set(block.header.merkleRoot, { block, payee });
    const [oldest] = this.#outstanding.keys();
    if (this.#outstanding.size > MAX_OUTSTANDING && oldest) this.#outstanding.delete(oldest);
    return block.header;
  }

  /** Takes time and nonce of a solved header; true when the block became part of the chain. */
  async take({ merkleRoot, time, nonce }: BlockHeader): Promise<boolean> {
    const found = this.#outstanding.get(merkleRoot);
    if (!found) return false;
    const { block, payee } = found;
    const header = new BlockHeader({ ...block.header, time, nonce });
    if (hashToNumber(header.hash) > decodeBits(header.bits).target) return false;
    const outcome = await this.#modules.chain.submitBlock(block.withHeader(header));
    if (outcome.status !== 'connected') return false;
    payee.paid();
    return true;
  }

  async #template(): Promise<BlockTemplate> {
    const { chain, mempool, miner, clock } = this.#modules;
    const now = clock.now();
    let made = this.#made;
    const isOnTip = made?.template.parent.ref.hash === chain.tip.ref.hash;
    if (!isOnTip) this.#outstanding.clear();
    const isStale = made && made.updates !== mempool.updates && now - made.at > KEEP_SECONDS;
    if (!made || !isOnTip || isStale) {
      const { updates } = mempool;
      made = { template: await miner.template(), updates, at: now };
      this.#made = made;
    }
    return refreshed(made.template, now, chain.params);
  }
}
