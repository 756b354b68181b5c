import { Block, BlockHeader, chainParams, hexToBytes, signetParams, Tx } from '@coind/primitives';
import { buildScript, OP } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { checkBlock, contextualCheckBlock } from './check-block.ts';
import { checkHeader } from './check-header.ts';
import { CoinsOverlay } from './coins.ts';
import { connectBlock } from './connect-block.ts';
import { headerContextOf } from './header-context.ts';
import { rulesFor } from './rules.ts';
import { hasSignetSolution, signetSolutionPush, signetTxs } from './signet.ts';
import { fieldsOf, MiniChain, withTxs } from './test-support/mini-chain.ts';

const signet = chainParams('signet')!;
// The first two blocks of the public signet.
const BLOCK_1 =
  '00000020f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000f575c83235984e7dc4afc1f30944c170462e84437ab6f2d52e16878a79e4678bd1914d5fae77031eccf4070001010000000001010000000000000000000000000000000000000000000000000000000000000000ffffffff025151feffffff0200f2052a010000001600149243f727dd5343293eb83174324019ec16c2630f0000000000000000776a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf94c4fecc7daa2490047304402205e423a8754336ca99dbe16509b877ef1bf98d008836c725005b3c787c41ebe46022047246e4467ad7cc7f1ad98662afcaf14c115e0095a227c7b05c5182591c23e7e01000120000000000000000000000000000000000000000000000000000000000000000000000000';
const BLOCK_2 =
  '00000020533b53ded9bff4adc94101d32400a144c54edc5ed492a3b26c63b2d686000000b38fef50592017cfafbcab88eb3d9cf50b2c801711cad8299495d26df5e54812e7914d5fae77031ecfdd0b0001010000000001010000000000000000000000000000000000000000000000000000000000000000ffffffff025251feffffff0200f2052a01000000160014fd09839740f0e0b4fc6d5e2527e4022aa9b89dfa0000000000000000776a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf94c4fecc7daa24900473044022031d64a1692cdad1fc0ced69838169fe19ae01be524d831b95fcf5ea4e6541c3c02204f9dea0801df8b4d0cd0857c62ab35c6c25cc47c930630dc7fe723531daa3e9b01000120000000000000000000000000000000000000000000000000000000000000000000000000';
const blocks = [BLOCK_1, BLOCK_2].map((hex) => Block.decode(hexToBytes(hex)));
const challenge = signet.signetChallenge!;

describe('the public signet', () => {
  test('its blocks pass every rule', () => {
    const headers = [signet.genesis.header];
    const coins = new CoinsOverlay();
    for (const block of blocks) {
      const parent = headerContextOf(headers);
      checkHeader(block.header, parent, signet, block.header.time);
      checkBlock(block, signet);
      contextualCheckBlock(block, parent, signet);
      headers.push(block.header);
      const { ref } = headerContextOf(headers);
      const rules = rulesFor(block.header, parent, signet);
      const { created } = connectBlock(block, ref, parent, coins, rules);
      for (const [outpoint, coin] of created) coins.add(outpoint, coin);
    }
    expect(headers).toHaveLength(3);
  });

  test('a signature is for one block, by one challenge', () => {
    const [first, second] = blocks as [Block, Block];
    expect(hasSignetSolution(first, challenge)).toBe(true);
    const moved = new BlockHeader({ ...fieldsOf(first.header), time: first.header.time + 1 });
    expect(hasSignetSolution(new Block(moved, first.txs), challenge)).toBe(false);
    expect(hasSignetSolution(new Block(first.header, second.txs), challenge)).toBe(false);
    expect(hasSignetSolution(first, `${challenge.slice(0, -2)}ac`)).toBe(false);
    // The nonce is searched after signing, so the message leaves it out.
    const renonced = new BlockHeader({ ...fieldsOf(first.header), nonce: 1 });
    expect(hasSignetSolution(new Block(renonced, first.txs), challenge)).toBe(true);
  });

  test('the genesis block needs none', () => {
    expect(() => checkBlock(signet.genesis, signet)).not.toThrow();
  });
});

describe('a signet of our own', () => {
  const trivial = signetParams('51');
  const template = new MiniChain().template();

  /** The template with `push` behind the witness commitment. */
  function withPush(...push: Uint8Array[]): Block {
    const [coinbase] = template.txs as [Tx];
    const [reward, commitment] = coinbase.outputs;
    const scriptPubKey = new Uint8Array([
      ...commitment!.scriptPubKey,
      ...push.flatMap((bytes) => [...bytes]),
    ]);
    return withTxs(template, [
      new Tx({ ...coinbase, outputs: [reward!, { value: 0n, scriptPubKey }] }),
    ]);
  }

  test('OP_TRUE needs no solution, but a witness commitment', () => {
    expect(hasSignetSolution(template, '51')).toBe(true);
    const [coinbase] = template.txs as [Tx];
    const bare = new Tx({ ...coinbase, outputs: coinbase.outputs.slice(0, 1) });
    expect(hasSignetSolution(withTxs(template, [bare]), '51')).toBe(false);
    expect(trivial.signetChallenge).toBe('51');
  });

  test('a solution that a miner appends is found', () => {
    const equalsSeven = buildScript([OP.OP_7, OP.OP_EQUAL]);
    const hex = Buffer.from(equalsSeven).toString('hex');
    const solution = { scriptSig: buildScript([OP.OP_7]), witness: [] };
    expect(hasSignetSolution(template, hex)).toBe(false);
    expect(hasSignetSolution(withPush(signetSolutionPush(solution)), hex)).toBe(true);
    const wrong = { scriptSig: buildScript([OP.OP_6]), witness: [] };
    expect(hasSignetSolution(withPush(signetSolutionPush(wrong)), hex)).toBe(false);
  });

  test('the message is the same with and without the solution', () => {
    const unsigned = signetTxs(withPush(buildScript([hexToBytes('ecc7daa2')])), '51');
    const solution = { scriptSig: buildScript([OP.OP_7]), witness: [new Uint8Array([1, 2])] };
    const signed = signetTxs(withPush(signetSolutionPush(solution)), '51');
    expect(signed?.toSpend.txid).toBe(unsigned?.toSpend.txid);
    expect(signed?.toSign.inputs[0]).toMatchObject(solution);
  });

  test('unreadable solutions are refused', () => {
    const header = [0xec, 0xc7, 0xda, 0xa2];
    const tooLong = buildScript([new Uint8Array([...header, 0, 0, 0])]);
    const cutShort = buildScript([new Uint8Array([...header, 5])]);
    expect(signetTxs(withPush(tooLong), '51')).toBeUndefined();
    expect(signetTxs(withPush(cutShort), '51')).toBeUndefined();
    expect(hasSignetSolution(withPush(cutShort), '51')).toBe(false);
  });
});
