/**
 * Chain parameters as data: one table of networks, and the same shape read from a JSON file for
 * private ones. Every number that differs between networks is here and nowhere else. Sources: Bitcoin
 * Core's chain parameters; BIP94 (testnet4), BIP325 (signet). `coin` is coind's own network.
 */
import { Block, BlockHeader } from './block.ts';
import { bytesToHex, concatBytes, hexToBytes } from './bytes.ts';
import { sha256d } from './hash.ts';
import { type BlockHash, ZERO_HASH, ZERO_TXID } from './ids.ts';
import { merkleRoot } from './merkle.ts';
import { decodeBits } from './target.ts';
import { NO_VOUT, SEQUENCE_FINAL, Tx } from './tx.ts';
import { Writer } from './writer.ts';

/** Heights from which the rules of a buried soft fork hold. */
export interface BuriedDeployments {
  readonly bip34: number;
  /** BIP66, strict DER signatures. */
  readonly bip66: number;
  /** BIP65, OP_CHECKLOCKTIMEVERIFY. */
  readonly bip65: number;
  /** BIP68, BIP112 and BIP113. */
  readonly csv: number;
  /** BIP141, BIP143 and BIP147. */
  readonly segwit: number;
}

/** A soft fork decided by miners' version bits (BIP9). */
export interface VersionBitsDeployment {
  /** 0 … 28. */
  readonly bit: number;
  /** Median time from which signals count; -1 always active, -2 never active. */
  readonly startTime: number;
  /** Median time after which an undecided deployment has failed; null for never. */
  readonly timeout: number | null;
  /** Blocks of one period that must signal. */
  readonly threshold: number;
  readonly period: number;
  readonly minActivationHeight: number;
}

/** A set of unspent outputs that the program vouches for, so that a node may begin with it (assumeutxo). */
export interface AssumedUtxos {
  readonly height: number;
  /** The block after which these are the unspent outputs. */
  readonly blockHash: BlockHash;
  /** `hash_serialized_3` of the set. */
  readonly hash: string;
  /** Transactions of the chain up to the block, its own among them. */
  readonly txCount: number;
}

/** Everything by which one network differs from another. */
export interface ChainParams {
  /** The name `getblockchaininfo` prints and `-chain=` takes. */
  readonly name: string;
  /** Directory below the data directory; empty for the data directory itself. */
  readonly dataSubdirectory: string;
  /** True where coins have no worth: test conveniences are allowed. */
  readonly testNetwork: boolean;
  /** Four bytes of hex in front of every p2p message and every block on disk. */
  readonly messageStart: string;
  readonly p2pPort: number;
  readonly rpcPort: number;
  readonly onionPort: number;
  readonly genesis: Block;
  /** Version bytes of base58check strings. */
  readonly base58: {
    readonly pubkeyHash: number;
    readonly scriptHash: number;
    readonly secretKey: number;
  };
  /** Version words of extended keys (BIP32), as uint32. */
  readonly bip32: { readonly public: number; readonly private: number };
  /** BIP44 coin type: 0 for the main network, 1 for test networks. */
  readonly bip44CoinType: number;
  readonly bech32Hrp: string;
  readonly halvingInterval: number;
  /** The easiest target that is allowed. */
  readonly powLimit: bigint;
  /** Seconds. */
  readonly powTargetSpacing: number;
  /** Seconds between retargets; a multiple of the spacing. */
  readonly powTargetTimespan: number;
  /** A block more than two spacings late may have minimum difficulty (testnets). */
  readonly minDifficultyBlocks: boolean;
  readonly noRetargeting: boolean;
  /** Retarget from the first block of a period and forbid time warps (BIP94). */
  readonly bip94: boolean;
  readonly buried: BuriedDeployments;
  /** The block that stands at the BIP34 height, which makes BIP30 checks unnecessary after it. */
  readonly bip34Hash?: BlockHash;
  readonly deployments: { readonly testdummy: VersionBitsDeployment };
  /** Blocks of the past that break P2SH, segwit or taproot rules: which script rules hold there. */
  readonly scriptExceptions: Readonly<Record<string, 'none' | 'p2sh-witness'>>;
  /** Script that signs blocks (BIP325), hex; absent where blocks are not signed. */
  readonly signetChallenge?: string;
  /** Chainwork below which the node is still in initial download. */
  readonly minimumChainwork: bigint;
  /** Blocks up to this one had their scripts verified before the release. */
  readonly assumeValid?: BlockHash;
  /** Names that lead to nodes, for a start without any known address. */
  readonly dnsSeeds: readonly string[];
  /** Nodes to start from when nothing else leads to one: `host[:port]`. */
  readonly fixedSeeds: readonly string[];
  /** Snapshots that may be loaded, by height. */
  readonly assumeUtxo: readonly AssumedUtxos[];
  /** How many transactions the chain had at a time, and per second since: for progress estimates. */
  readonly txStats: { readonly time: number; readonly txCount: number; readonly txRate: number };
}

/** Nobody runs seeds for a network of one's own. */
const NO_SEEDS = { dnsSeeds: [], fixedSeeds: [] } as const;

/** A made-up rate, so that progress can be told on networks without a history to measure. */
const NO_TX_STATS = { time: 0, txCount: 0, txRate: 0.001 };

const GENESIS_PUBKEY =
  '04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f';
const SATOSHI_TEXT = 'The Times 03/Jan/2009 Chancellor on brink of second bailout for banks';
const SATOSHI_SCRIPT = `41${GENESIS_PUBKEY}ac`;

/** What a genesis block is made of; its coinbase pays 50 BTC that nobody can spend. */
export interface GenesisFields {
  /** Text pushed by the coinbase, as in Bitcoin's own. */
  readonly text: string;
  /** scriptPubKey of the reward, hex. */
  readonly script: string;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
  readonly version?: number;
}

/** Builds a genesis block after the pattern of Bitcoin's. */
export function genesisBlock({
  text,
  script,
  time,
  bits,
  nonce,
  version = 1,
}: GenesisFields): Block {
  const message = new TextEncoder().encode(text);
  const push = message.length < 0x4c ? [message.length] : [0x4c, message.length];
  const coinbase = new Tx({
    version: 1,
    inputs: [
      {
        prevout: { txid: ZERO_TXID, vout: NO_VOUT },
        scriptSig: concatBytes(hexToBytes('04ffff001d0104'), new Uint8Array(push), message),
        sequence: SEQUENCE_FINAL,
        witness: [],
      },
    ],
    outputs: [{ value: 5_000_000_000n, scriptPubKey: hexToBytes(script) }],
    locktime: 0,
  });
  const header = new BlockHeader({
    version,
    prevHash: ZERO_HASH,
    merkleRoot: merkleRoot([coinbase.txid]).root,
    time,
    bits,
    nonce,
  });
  return new Block(header, [coinbase]);
}

const neverActive = (period: number, threshold: number): VersionBitsDeployment => ({
  bit: 28,
  startTime: -2,
  timeout: null,
  threshold,
  period,
  minActivationHeight: 0,
});

const TEST_BASE58 = { pubkeyHash: 111, scriptHash: 196, secretKey: 239 };
const MAIN_BIP32 = { public: 0x0488b21e, private: 0x0488ade4 };
const TEST_BIP32 = { public: 0x043587cf, private: 0x04358394 };
const ACTIVE_FROM_ONE: BuriedDeployments = { bip34: 1, bip66: 1, bip65: 1, csv: 1, segwit: 1 };
const TWO_WEEKS = 14 * 24 * 60 * 60;

/** Bitcoin's ten-minute rhythm with a retarget every two weeks. */
const BITCOIN_RHYTHM = {
  halvingInterval: 210_000,
  powTargetSpacing: 600,
  powTargetTimespan: TWO_WEEKS,
  noRetargeting: false,
} as const;

const DIFFICULTY_ONE_LIMIT = (1n << 224n) - 1n;

const DEFAULT_SIGNET_CHALLENGE =
  '512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae';

/** Magic of a signet: the start of the hash of its challenge behind its length (BIP325). */
export function signetMessageStart(challenge: string): string {
  const bytes = new Writer().varBytes(hexToBytes(challenge)).finish();
  return bytesToHex(sha256d(bytes).subarray(0, 4));
}

/** The signet whose blocks `challenge` (a script in hex) signs. */
export function signetParams(challenge: string = DEFAULT_SIGNET_CHALLENGE): ChainParams {
  const isDefault = challenge === DEFAULT_SIGNET_CHALLENGE;
  return {
    ...BITCOIN_RHYTHM,
    name: 'signet',
    dataSubdirectory: 'signet',
    testNetwork: true,
    messageStart: signetMessageStart(challenge),
    p2pPort: 38333,
    rpcPort: 38332,
    onionPort: 38334,
    genesis: genesisBlock({
      text: SATOSHI_TEXT,
      script: SATOSHI_SCRIPT,
      time: 1598918400,
      bits: 0x1e0377ae,
      nonce: 52613770,
    }),
    base58: TEST_BASE58,
    bip32: TEST_BIP32,
    bip44CoinType: 1,
    bech32Hrp: 'tb',
    powLimit: decodeBits(0x1e0377ae).target,
    minDifficultyBlocks: false,
    bip94: false,
    buried: ACTIVE_FROM_ONE,
    deployments: { testdummy: neverActive(2016, 1815) },
    scriptExceptions: {},
    signetChallenge: challenge,
    fixedSeeds: [],
    dnsSeeds: isDefault ? ['seed.signet.bitcoin.sprovoost.nl.', 'seed.signet.achownodes.xyz.'] : [],
    txStats: isDefault
      ? { time: 1772055248, txCount: 28676833, txRate: 0.06736623436338929 }
      : { ...NO_TX_STATS, txRate: 0 },
    minimumChainwork: isDefault ? 0x0b463ea0a4b8n : 0n,
    // bitcoind offers these to signets with another challenge, too; their blocks cannot be there.
    assumeUtxo: [
      assumed(
        160_000,
        '0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c',
        'fe0a44309b74d6b5883d246cb419c6221bcccf0b308c9b59b7d70783dbdf928a',
        2289496,
      ),
      assumed(
        290_000,
        '0000000577f2741bb30cd9d39d6d71b023afbeb9764f6260786a97969d5c9ac0',
        '97267e000b4b876800167e71b9123f1529d13b14308abec2888bbd2160d14545',
        28547497,
      ),
    ],
    ...(isDefault && {
      assumeValid: '00000008414aab61092ef93f1aacc54cf9e9f16af29ddad493b908a01ff5c329' as BlockHash,
    }),
  };
}

function assumed(height: number, blockHash: string, hash: string, txCount: number): AssumedUtxos {
  return { height, blockHash: blockHash as BlockHash, hash, txCount };
}

/** Every network coind knows by name, keyed by the argument of `-chain=`. */
const networks: Readonly<Record<string, () => ChainParams>> = {
  coin: () => ({
    name: 'coin',
    dataSubdirectory: 'coin',
    testNetwork: false,
    messageStart: 'c01dc0de',
    p2pPort: 8333,
    rpcPort: 8332,
    onionPort: 8334,
    genesis: genesisBlock({
      text: 'coind 21/Nov/2026 A coin of your own, a node you can read',
      // OP_RETURN: nobody can spend it, and nobody needs to be trusted not to.
      script: '6a',
      time: 1795219200,
      bits: 0x1f00ffff,
      nonce: 48357,
    }),
    base58: { pubkeyHash: 28, scriptHash: 87, secretKey: 156 },
    bip32: MAIN_BIP32,
    bip44CoinType: 1,
    bech32Hrp: 'coin',
    // Bitcoin's 21 million in a tenth of the time: MAX_MONEY is the same on every network.
    halvingInterval: 210_000,
    powLimit: decodeBits(0x1f00ffff).target,
    powTargetSpacing: 60,
    powTargetTimespan: 2 * 60 * 60,
    minDifficultyBlocks: false,
    noRetargeting: false,
    bip94: true,
    buried: ACTIVE_FROM_ONE,
    deployments: { testdummy: neverActive(120, 108) },
    scriptExceptions: {},
    ...NO_SEEDS,
    txStats: NO_TX_STATS,
    minimumChainwork: 0n,
    assumeUtxo: [],
  }),
  main: () => ({
    ...BITCOIN_RHYTHM,
    name: 'main',
    dataSubdirectory: '',
    testNetwork: false,
    messageStart: 'f9beb4d9',
    p2pPort: 8333,
    rpcPort: 8332,
    onionPort: 8334,
    genesis: genesisBlock({
      text: SATOSHI_TEXT,
      script: SATOSHI_SCRIPT,
      time: 1231006505,
      bits: 0x1d00ffff,
      nonce: 2083236893,
    }),
    base58: { pubkeyHash: 0, scriptHash: 5, secretKey: 128 },
    bip32: MAIN_BIP32,
    bip44CoinType: 0,
    bech32Hrp: 'bc',
    powLimit: DIFFICULTY_ONE_LIMIT,
    minDifficultyBlocks: false,
    bip94: false,
    buried: { bip34: 227931, bip66: 363725, bip65: 388381, csv: 419328, segwit: 481824 },
    bip34Hash: '000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8' as BlockHash,
    deployments: { testdummy: neverActive(2016, 1815) },
    scriptExceptions: {
      '00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22': 'none',
      '0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad': 'p2sh-witness',
    },
    fixedSeeds: [],
    dnsSeeds: [
      'dnsseed.bluematt.me.',
      'seed.bitcoin.jonasschnelli.ch.',
      'seed.btc.petertodd.net.',
      'seed.bitcoin.sprovoost.nl.',
      'dnsseed.emzy.de.',
      'seed.bitcoin.wiz.biz.',
      'seed.mainnet.achownodes.xyz.',
    ],
    txStats: { time: 1772055173, txCount: 1315805869, txRate: 5.40111006496122 },
    minimumChainwork: 0x1128750f82f4c366153a3a030n,
    assumeValid: '00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac' as BlockHash,
    assumeUtxo: [
      assumed(
        840_000,
        '0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5',
        'a2a5521b1b5ab65f67818e5e8eccabb7171a517f9e2382208f77687310768f96',
        991032194,
      ),
      assumed(
        880_000,
        '000000000000000000010b17283c3c400507969a9c2afd1dcf2082ec5cca2880',
        'dbd190983eaf433ef7c15f78a278ae42c00ef52e0fd2a54953782175fbadcea9',
        1145604538,
      ),
      assumed(
        910_000,
        '0000000000000000000108970acb9522ffd516eae17acddcb1bd16469194a821',
        '4daf8a17b4902498c5787966a2b51c613acdab5df5db73f196fa59a4da2f1568',
        1226586151,
      ),
      assumed(
        935_000,
        '0000000000000000000147034958af1652b2b91bba607beacc5e72a56f0fb5ee',
        'e4b90ef9eae834f56c4b64d2d50143cee10ad87994c614d7d04125e2a6025050',
        1305397408,
      ),
    ],
  }),
  test: () => ({
    ...BITCOIN_RHYTHM,
    name: 'test',
    dataSubdirectory: 'testnet3',
    testNetwork: true,
    messageStart: '0b110907',
    p2pPort: 18333,
    rpcPort: 18332,
    onionPort: 18334,
    genesis: genesisBlock({
      text: SATOSHI_TEXT,
      script: SATOSHI_SCRIPT,
      time: 1296688602,
      bits: 0x1d00ffff,
      nonce: 414098458,
    }),
    base58: TEST_BASE58,
    bip32: TEST_BIP32,
    bip44CoinType: 1,
    bech32Hrp: 'tb',
    powLimit: DIFFICULTY_ONE_LIMIT,
    minDifficultyBlocks: true,
    bip94: false,
    buried: { bip34: 21111, bip66: 330776, bip65: 581885, csv: 770112, segwit: 834624 },
    bip34Hash: '0000000023b3a96d3484e5abb3755c413e7d41500f8e2a5c3f0dd01299cd8ef8' as BlockHash,
    deployments: { testdummy: neverActive(2016, 1512) },
    scriptExceptions: {
      '00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105': 'none',
    },
    fixedSeeds: [],
    dnsSeeds: [
      'testnet-seed.bitcoin.jonasschnelli.ch.',
      'seed.tbtc.petertodd.net.',
      'testnet-seed.bluematt.me.',
      'seed.testnet.achownodes.xyz.',
    ],
    txStats: { time: 1772051651, txCount: 536108416, txRate: 0.02691479016257117 },
    minimumChainwork: 0x17dde1c649f3708d14b6n,
    assumeValid: '000000007a61e4230b28ac5cb6b5e5a0130de37ac1faf2f8987d2fa6505b67f4' as BlockHash,
    assumeUtxo: [
      assumed(
        2_500_000,
        '0000000000000093bcb68c03a9a168ae252572d348a2eaeba2cdf9231d73206f',
        'f841584909f68e47897952345234e37fcd9128cd818f41ee6c3ca68db8071be7',
        66484552,
      ),
      assumed(
        4_840_000,
        '00000000000000f4971a7fb37fbdff89315b69a2e1920c467654a382f0d64786',
        'ce6bb677bb2ee9789c4a1c9d73e6683c53fc20e8fdbedbdaaf468982a0c8db2a',
        536078574,
      ),
    ],
  }),
  testnet4: () => ({
    ...BITCOIN_RHYTHM,
    name: 'testnet4',
    dataSubdirectory: 'testnet4',
    testNetwork: true,
    messageStart: '1c163f28',
    p2pPort: 48333,
    rpcPort: 48332,
    onionPort: 48334,
    genesis: genesisBlock({
      text: '03/May/2024 000000000000000000001ebd58c244970b3aa9d783bb001011fbe8ea8e98e00e',
      script: `21${'00'.repeat(33)}ac`,
      time: 1714777860,
      bits: 0x1d00ffff,
      nonce: 393743547,
    }),
    base58: TEST_BASE58,
    bip32: TEST_BIP32,
    bip44CoinType: 1,
    bech32Hrp: 'tb',
    powLimit: DIFFICULTY_ONE_LIMIT,
    minDifficultyBlocks: true,
    bip94: true,
    buried: ACTIVE_FROM_ONE,
    deployments: { testdummy: neverActive(2016, 1512) },
    scriptExceptions: {},
    fixedSeeds: [],
    dnsSeeds: ['seed.testnet4.bitcoin.sprovoost.nl.', 'seed.testnet4.wiz.biz.'],
    txStats: { time: 1772013387, txCount: 14191421, txRate: 0.01848579579528412 },
    minimumChainwork: 0x9a0fe15d0177d086304n,
    assumeValid: '0000000002368b1e4ee27e2e85676ae6f9f9e69579b29093e9a82c170bf7cf8a' as BlockHash,
    assumeUtxo: [
      assumed(
        90_000,
        '0000000002ebe8bcda020e0dd6ccfbdfac531d2f6a81457191b99fc2df2dbe3b',
        '784fb5e98241de66fdd429f4392155c9e7db5c017148e66e8fdbc95746f8b9b5',
        11347043,
      ),
      assumed(
        120_000,
        '000000000bd2317e51b3c5794981c35ba894ce27d3e772d5c39ecd9cbce01dc8',
        '10b05d05ad468d0971162e1b222a4aa66caca89da2bb2a93f8f37fb29c4794b0',
        14141057,
      ),
    ],
  }),
  signet: () => signetParams(),
  regtest: () => ({
    name: 'regtest',
    dataSubdirectory: 'regtest',
    testNetwork: true,
    messageStart: 'fabfb5da',
    p2pPort: 18444,
    rpcPort: 18443,
    onionPort: 18445,
    genesis: genesisBlock({
      text: SATOSHI_TEXT,
      script: SATOSHI_SCRIPT,
      time: 1296688602,
      bits: 0x207fffff,
      nonce: 2,
    }),
    base58: TEST_BASE58,
    bip32: TEST_BIP32,
    bip44CoinType: 1,
    bech32Hrp: 'bcrt',
    halvingInterval: 150,
    powLimit: (1n << 255n) - 1n,
    powTargetSpacing: 600,
    powTargetTimespan: 24 * 60 * 60,
    minDifficultyBlocks: true,
    noRetargeting: true,
    bip94: false,
    buried: { bip34: 1, bip66: 1, bip65: 1, csv: 1, segwit: 0 },
    deployments: {
      testdummy: {
        bit: 28,
        startTime: 0,
        timeout: null,
        threshold: 108,
        period: 144,
        minActivationHeight: 0,
      },
    },
    scriptExceptions: {},
    fixedSeeds: [],
    // Leads nowhere: it shows whether seeds would be asked.
    dnsSeeds: ['dummySeed.invalid.'],
    txStats: NO_TX_STATS,
    minimumChainwork: 0n,
    assumeUtxo: [
      assumed(
        110,
        '135eec25a6fb277884e5824e7aa7d052c4868161c99a5122170b5266f86c273d',
        '86e9a1205b418b16dde3a18a78c730e30137e28466bda5dbf6b33ab8fc05447c',
        111,
      ),
      assumed(
        200,
        '385901ccbd69dff6bbd00065d01fb8a9e464dede7cfe0372443884f9b1dcf6b9',
        '17dcc016d188d16068907cdeb38b75691a118d43053b8cd6a25969419381d13a',
        201,
      ),
      assumed(
        299,
        '0c552ced4721c249a389eb9b08cb8da261cd46f0e7b5f9d064d48f3113406853',
        '106b2c56233e378a824cf0d5ff2be42ed32c72f1605c9be288d00942908a40ac',
        334,
      ),
    ],
  }),
};

/** Names that `-chain=` takes, besides a JSON file. */
export const chainNames: readonly string[] = Object.keys(networks);

/** Parameters of a named network; undefined for a name that is none. */
export function chainParams(name: string): ChainParams | undefined {
  return Object.hasOwn(networks, name) ? networks[name]?.() : undefined;
}
