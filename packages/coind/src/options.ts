/**
 * Every option of the daemon, in one table: bitcoind's by name, so that its command lines and conf files
 * are never refused, 0.16's that are gone since, and coind's own. Parsing, help and the conf file are
 * derived from it (@coind/rpc/conf); what the values mean together is in config.ts.
 */
import type { Profile } from '@coind/rpc';
import type { OptionKind, OptionSpec, OptionTable } from '@coind/rpc/conf';

/** What an option may say beyond its kind and help. */
type Details = Omit<OptionSpec, 'category' | 'kind' | 'about'>;
type Draft = Omit<OptionSpec, 'category'>;

const ofKind =
  (kind: OptionKind) =>
  (about: string, details: Details = {}): Draft => ({ kind, about, ...details });
const bool = ofKind('bool');
const int = ofKind('int');
const text = ofKind('string');
const port = ofKind('port');
const amount = ofKind('amount');

function inCategory(category: string, drafts: Readonly<Record<string, Draft>>): OptionTable {
  const entries = Object.entries(drafts);
  return Object.fromEntries(entries.map(([name, draft]) => [name, { category, ...draft }]));
}

const ownOptions: OptionTable = inCategory('own', {
  compat: text(
    'core: exactly modern bitcoind, on its main network and without account methods; legacy: the shapes and texts of 0.16 wherever the two differ, with all that came before and after; 0.16 and 0.17: exactly that release (legacy with -addresstype, with -deprecatedrpc=accounts), 0.15: legacy whatever else is set; otherwise both families of methods side by side',
    { value: '<core|legacy|0.15|0.16|0.17>', noNegation: true, noBareForm: true },
  ),
  verifyagainst: text(
    'Compare chain and coins with this node, reached over RPC, and warn when they part; without credentials here, -rpcuser and -rpcpassword are used',
    { value: '<[user:password@]host[:port]>', sensitive: true },
  ),
  verifyagainstcookie: text('Cookie file with the credentials for -verifyagainst', {
    value: '<file>',
  }),
  verifyagainstinterval: int('Seconds between comparisons of the chains', {
    value: '<n>',
    default: '60',
  }),
  verifyagainstutxo: int('Minutes between comparisons of the coins; 0 for never', {
    value: '<n>',
    default: '60',
  }),
  mining: text(
    'When to mine by itself: manual (never), transaction (as soon as one arrives), interval (every -mininginterval seconds), pending (the same while a transaction waits) or continuous',
    { value: '<mode>', default: 'manual', noNegation: true, noBareForm: true },
  ),
  miningaddress: text('Who is paid by blocks that the node mines by itself', {
    value: '<address>',
    default: 'a new address of the wallet for each',
    networkOnly: true,
  }),
  mininginterval: int('Seconds between two blocks of -mining=interval and -mining=pending', {
    value: '<n>',
    default: '10',
  }),
  playground: bool('A regtest network with 101 blocks in a loaded wallet, to try things'),
});

const chainOptions: OptionTable = inCategory('chain', {
  chain: text(
    'The network: coin, main, test, testnet4, signet, regtest, or a JSON file that describes one',
    { value: '<chain>', default: 'coin; main with -compat=core' },
  ),
  regtest: bool('The network for tests, where anybody mines at once'),
  signet: bool('The network where a committee signs blocks'),
  signetchallenge: text('Script in hex that signs the blocks of the signet', {
    value: '<hex>',
    default: 'the public signet',
    noNegation: true,
  }),
  signetseednode: text('Seed node of the signet', {
    value: '<ip>',
    default: 'those of the public signet',
    repeatable: true,
    noNegation: true,
  }),
  testnet: bool('The older public test network'),
  testnet4: bool('The public test network'),
  vbparams: text('Move the times of a version bits deployment (not on main)', {
    value: '<deployment>:<start>:<end>[:<min_activation_height>]',
    repeatable: true,
    debugOnly: true,
  }),
});

const generalOptions: OptionTable = inCategory('general', {
  addressindex: bool('Keep an index of what happened to each script: history, coins, balance'),
  alertnotify: text(
    'Run this command when something is badly wrong with the chain (%s is the message)',
    { value: '<cmd>' },
  ),
  allowignoredconf: bool(
    'Only warn when the data directory holds a conf file that is not the one in use',
  ),
  assumevalid: text('Do not check scripts of this block and its ancestors; 0 checks all', {
    value: '<hex>',
  }),
  blockfilterindex: text('Keep an index of compact block filters (BIP158)', {
    value: '<type>',
    default: '0',
    repeatable: true,
  }),
  blocknotify: text('Run this command when the tip changes (%s is the block hash)', {
    value: '<cmd>',
  }),
  blockreconstructionextratxn: int('Extra transactions kept to rebuild compact blocks', {
    value: '<n>',
    default: '100',
  }),
  blocksdir: text('Directory of the block files', { value: '<dir>', default: '<datadir>' }),
  blocksonly: bool('Neither ask for nor relay transactions of peers'),
  blocksxor: bool('XOR the block files of a new data directory with a key, kept in xor.dat', {
    default: '1',
  }),
  coinstatsindex: bool('Keep an index of UTXO set statistics for gettxoutsetinfo'),
  conf: text('The configuration file; relative paths start in the data directory', {
    value: '<file>',
    default: 'coin.conf, else bitcoin.conf',
  }),
  daemon: bool('Run in the background'),
  daemonwait: bool('Run in the background, and return when everything is loaded'),
  datadir: text('The data directory', { value: '<dir>', default: '~/.coind', noNegation: true }),
  dbbatchsize: int('Bytes of a database batch', {
    value: '<n>',
    default: '33554432',
    debugOnly: true,
    noEffect: true,
  }),
  dbcache: int('MiB of memory for the coins cache and the database', {
    value: '<n>',
    default: '96',
  }),
  debuglogfile: text(
    "The log file; relative paths start in the network's directory; -nodebuglogfile for none",
    { value: '<file>', default: 'debug.log' },
  ),
  help: bool('Print this text (also -h and -?)'),
  includeconf: text('Read this conf file too (in a conf file only)', {
    value: '<file>',
    repeatable: true,
  }),
  loadblock: text('Import blocks from this file at start', {
    value: '<file>',
    repeatable: true,
  }),
  maxmempool: int('MB of memory for unconfirmed transactions', { value: '<n>', default: '300' }),
  mempoolexpiry: int('Hours after which a transaction leaves the mempool', {
    value: '<n>',
    default: '336',
  }),
  minimumchainwork: text('Work in hex below which a chain is not trusted', {
    value: '<hex>',
    debugOnly: true,
  }),
  par: int('Threads to check scripts with; 0 for as many as there are cores', {
    value: '<n>',
    default: '0',
  }),
  persistmempool: bool('Save the mempool at shutdown and load it at start', { default: '1' }),
  persistmempoolv1: bool('Save the mempool in the older format'),
  pid: text("The file with the process id; relative paths start in the network's directory", {
    value: '<file>',
    default: 'bitcoind.pid',
  }),
  prevoutfetchthreads: int('Threads to load spent coins with', {
    value: '<n>',
    default: '8',
    noEffect: true,
  }),
  prune: int('Delete old blocks: 1 on command only, 550 and more to stay below so many MiB', {
    value: '<n>',
    default: '0',
  }),
  reindex: bool('Rebuild the block index and the UTXO set from the block files'),
  'reindex-chainstate': bool('Rebuild the UTXO set from the block files'),
  settings: text('The file of settings that change at run time; -nosettings for none', {
    value: '<file>',
    default: 'settings.json',
  }),
  shutdownnotify: text('Run this command at shutdown', { value: '<cmd>' }),
  startupnotify: text('Run this command when start-up is done', { value: '<cmd>' }),
  txindex: bool('Keep an index of all transactions for getrawtransaction'),
  txospenderindex: bool('Keep an index of what spends an output'),
  version: bool('Print the version'),
});

const connectionOptions: OptionTable = inCategory('connection', {
  addnode: text('Keep a connection to this node, and try again when it is lost', {
    value: '<ip>',
    repeatable: true,
    networkOnly: true,
  }),
  asmap: text('Map of autonomous systems by which peers are spread', { value: '<file>' }),
  bantime: int('Seconds a peer stays banned by setban without a time', {
    value: '<n>',
    default: '86400',
  }),
  bind: text('Listen for peers on this address only', {
    value: '<addr>[:<port>][=onion]',
    default: 'all',
    repeatable: true,
    networkOnly: true,
  }),
  cjdnsreachable: bool('Peers of CJDNS can be reached'),
  connect: text('Connect to these nodes only; -noconnect to none', {
    value: '<ip>',
    repeatable: true,
    networkOnly: true,
  }),
  discover: bool('Find out the own addresses', {
    default: '1 when listening and neither -externalip nor -proxy is given',
  }),
  dns: bool('Allow host names in -addnode, -seednode and -connect', {
    default: '1',
  }),
  dnsseed: bool('Ask DNS seeds for peers when few are known', {
    default: '1 unless -connect is used or -maxconnections=0',
  }),
  externalip: text('The own address to tell peers', {
    value: '<ip>',
    repeatable: true,
  }),
  fixedseeds: bool('Use built-in addresses of peers when there are no others', {
    default: '1',
  }),
  forcednsseed: bool('Always ask DNS seeds'),
  i2pacceptincoming: bool('Accept connections over I2P', { default: '1' }),
  i2psam: text('I2P SAM proxy', { value: '<ip:port>' }),
  inboundrelaypercent: int('Percent of inbound connections that may relay transactions', {
    value: '<n>',
    default: '50',
  }),
  listen: bool('Accept connections of peers', {
    default: '1 unless -proxy, -connect or -maxconnections=0',
  }),
  listenonion: bool('Make an onion service', { default: '1', noEffect: true }),
  maxconnections: int('Connections to peers at most', {
    value: '<n>',
    default: '200',
  }),
  maxreceivebuffer: int('1,000 bytes buffered per connection for receiving', {
    value: '<n>',
    default: '5000',
  }),
  maxsendbuffer: int('1,000 bytes buffered per connection for sending', {
    value: '<n>',
    default: '1000',
  }),
  maxuploadtarget: text('Bytes to send to peers per day, as a number with a unit', {
    value: '<n>',
    default: '0',
  }),
  natpmp: bool('Ask the router to forward the port', { default: '1', noEffect: true }),
  networkactive: bool('Talk to peers at all', { default: '1' }),
  onion: text('Proxy for onion services', {
    value: '<ip:port|path>',
    default: 'the value of -proxy',
  }),
  onlynet: text('Make connections to this network only: ipv4, ipv6, onion, i2p, cjdns', {
    value: '<net>',
    repeatable: true,
  }),
  peerblockfilters: bool('Serve compact block filters to peers (BIP157)'),
  peerbloomfilters: bool('Serve bloom filters to peers (BIP37)'),
  peertimeout: int('Seconds a silent peer is kept', {
    value: '<n>',
    default: '60',
    debugOnly: true,
  }),
  port: port('Listen for peers on this port', {
    value: '<port>',
    default: '8333, of test networks 18333, 48333, 38333, 18444',
    networkOnly: true,
  }),
  proxy: text('Connect through this SOCKS5 proxy', {
    value: '<ip>[:<port>]|unix:<path>[=<network>]',
    default: 'none',
    repeatable: true,
    noBareForm: true,
  }),
  proxyrandomize: bool('Separate credentials per connection to the proxy', {
    default: '1',
  }),
  seednode: text('Ask this node for addresses of others', {
    value: '<ip>',
    repeatable: true,
  }),
  timeout: int('Milliseconds to wait for a connection', {
    value: '<n>',
    default: '5000',
  }),
  torcontrol: text('Control port of Tor', {
    value: '<ip>:<port>',
    default: '127.0.0.1:9051',
    noEffect: true,
  }),
  torpassword: text('Password for the control port of Tor', {
    value: '<pass>',
    sensitive: true,
    noEffect: true,
  }),
  txreconciliation: bool('Reconcile transactions with peers (BIP330)', {
    debugOnly: true,
  }),
  v2transport: bool('Encrypt connections to peers (BIP324)', { default: '1' }),
  whitebind: text('Listen on this address, with permissions for its peers', {
    value: '<[permissions@]addr>',
    repeatable: true,
  }),
  whitelist: text('Permissions for peers from this address or network', {
    value: '<[permissions@]IP address or network>',
    repeatable: true,
  }),
});

const rpcOptions: OptionTable = inCategory('rpc', {
  rest: bool(
    'Serve blocks, headers, transactions and the like under /rest/, to anybody who may connect',
  ),
  rpcallowip: text('Addresses that may use RPC: an address, address/mask or address/bits', {
    value: '<ip>',
    repeatable: true,
  }),
  rpcauth: text('A user of RPC, USER:SALT$HASH with the HMAC-SHA256 of the password', {
    value: '<userpw>',
    repeatable: true,
    sensitive: true,
  }),
  rpcbind: text('Serve RPC on this address (needs -rpcallowip)', {
    value: '<addr>[:port]',
    default: '127.0.0.1 and ::1',
    repeatable: true,
    networkOnly: true,
  }),
  rpccookiefile: text(
    "The cookie file; relative paths start in the network's directory; -norpccookiefile for none",
    { value: '<loc>', default: '.cookie in the network directory' },
  ),
  rpccookieperms: text('Who may read the cookie file', {
    value: '<readable-by>',
    default: 'owner',
  }),
  rpcdoccheck: bool('Check results of RPC methods against their description', {
    debugOnly: true,
    noEffect: true,
  }),
  rpcpassword: text('Password for RPC', { value: '<pw>', sensitive: true }),
  rpcport: port('Serve RPC on this port; 0 for any free one', {
    value: '<port>',
    default: '8332, of test networks 18332, 48332, 38332, 18443',
    networkOnly: true,
  }),
  rpcservertimeout: int('Seconds after which an idle RPC connection is closed', {
    value: '<n>',
    default: '30',
    debugOnly: true,
  }),
  rpcthreads: int('Threads for RPC', { value: '<n>', default: '16', noEffect: true }),
  rpcuser: text('User name for RPC', { value: '<user>', sensitive: true }),
  rpcwhitelist: text('The only methods a user of RPC may call, USER:METHOD,METHOD', {
    value: '<whitelist>',
    repeatable: true,
  }),
  rpcwhitelistdefault: bool('Users without an -rpcwhitelist may call nothing', {
    default: '1 when any -rpcwhitelist is given, else 0',
  }),
  rpcworkqueue: int('Requests of RPC that may wait', {
    value: '<n>',
    default: '64',
    debugOnly: true,
  }),
  server: bool('Serve RPC', { default: '1 for the daemon' }),
});

const walletOptions: OptionTable = inCategory('wallet', {
  addresstype: text('The kind of address getnewaddress gives', {
    value: '<type>',
    default: 'bech32',
  }),
  avoidpartialspends: bool('Spend all coins of an address together, or none'),
  changetype: text('The kind of address change goes to', {
    value: '<type>',
    default: 'chosen to match the outputs',
  }),
  consolidatefeerate: amount(
    'Fee rate in BTC per 1,000 vbytes up to which coin selection gathers small coins',
    { value: '<amt>', default: '0.0001', noEffect: true },
  ),
  disablewallet: bool('No wallets, and no wallet methods'),
  discardfee: amount(
    'Fee rate in BTC per 1,000 vbytes at which change is given to the fee instead',
    { value: '<amt>', default: '0.0001' },
  ),
  fallbackfee: amount('Fee rate in BTC per 1,000 vbytes when there is no estimate; 0 to refuse', {
    value: '<amt>',
    default: '0.00, on test networks 0.0002; without -compat=core',
  }),
  keypool: int('Addresses kept ready per kind', { value: '<n>', default: '1000' }),
  maxapsfee: amount('Fee in BTC that may be added to spend all coins of an address together', {
    value: '<n>',
    default: '0.00',
    noEffect: true,
  }),
  mintxfee: amount('Fee rate in BTC per 1,000 vbytes below which the wallet does not go', {
    value: '<amt>',
    default: '0.00001',
  }),
  signer: text('External program that signs', { value: '<cmd>', noEffect: true }),
  spendzeroconfchange: bool('Spend unconfirmed change of own transactions', { default: '1' }),
  txconfirmtarget: int('Blocks within which wallet transactions should confirm', {
    value: '<n>',
    default: '6',
  }),
  wallet: text('Load this wallet at start', {
    value: '<path>',
    repeatable: true,
    networkOnly: true,
  }),
  walletbroadcast: bool('Send wallet transactions to peers', { default: '1' }),
  walletdir: text('Directory of the wallets', {
    value: '<dir>',
    default: '<datadir>/wallets when that exists, else <datadir>',
    networkOnly: true,
  }),
  walletnotify: text(
    'Run this command when a wallet transaction changes (%s txid, %w wallet, %b block hash, %h height)',
    { value: '<cmd>' },
  ),
  walletrbf: bool('Make wallet transactions replaceable', { default: '1' }),
});

const relayOptions: OptionTable = inCategory('relay', {
  acceptnonstdtxn: bool(
    'Let transactions into the mempool that break the rules of standardness (test networks only)',
    { debugOnly: true },
  ),
  bytespersigop: int('Virtual bytes that a signature operation counts for when larger', {
    value: '<n>',
    default: '20',
  }),
  datacarrier: bool('Relay and mine transactions that carry data', { default: '1' }),
  datacarriersize: int('Bytes of OP_RETURN scripts that a relayed transaction may carry', {
    value: '<n>',
    default: '100000',
  }),
  dustrelayfee: amount('Fee rate in BTC per 1,000 vbytes by which outputs count as dust', {
    value: '<amt>',
    default: '0.00003',
    debugOnly: true,
  }),
  incrementalrelayfee: amount('Fee rate in BTC per 1,000 vbytes that a replacement must add', {
    value: '<amt>',
    default: '0.000001',
    debugOnly: true,
  }),
  minrelaytxfee: amount(
    'Fee rate in BTC per 1,000 vbytes below which transactions are not relayed or mined',
    { value: '<amt>', default: '0.000001' },
  ),
  permitbaremultisig: bool('Relay multisig outputs that are no P2SH', { default: '1' }),
  privatebroadcast: bool(
    'Send own transactions over Tor or I2P only: refused, as it is not there yet',
  ),
  txsendrate: int('Transactions announced per second', {
    value: '<n>',
    default: '14',
    debugOnly: true,
  }),
  whitelistforcerelay: bool('Relay transactions of permitted peers even when already known'),
  whitelistrelay: bool('Relay transactions of permitted peers even with -blocksonly', {
    default: '1',
  }),
});

const miningOptions: OptionTable = inCategory('mining', {
  blockmaxweight: int('Weight up to which a new block is filled', {
    value: '<n>',
    default: '4000000',
    debugOnly: true,
  }),
  blockmintxfee: amount('Fee rate in BTC per 1,000 vbytes below which a transaction is not mined', {
    value: '<amt>',
    default: '0.00000001',
  }),
  blockreservedweight: int('Weight kept free in a new block for header and coinbase', {
    value: '<n>',
    default: '8000',
  }),
  blockversion: int('Version of the blocks mined here', { value: '<n>', debugOnly: true }),
});

const debuggingOptions: OptionTable = inCategory('debugging', {
  acceptstalefeeestimates: bool(
    'Read fee estimates from disk even when they are old (regtest only)',
    { debugOnly: true },
  ),
  capturemessages: bool('Write every p2p message to disk', { debugOnly: true }),
  checkaddrman: int('Check the address manager every so many operations', {
    value: '<n>',
    default: '0',
    debugOnly: true,
  }),
  checkblockindex: bool('Check the block index now and then', {
    default: '0, on regtest 1',
    debugOnly: true,
    noEffect: true,
  }),
  checkblocks: int('How many blocks to verify at start; 0 for all', {
    value: '<n>',
    default: '6',
    debugOnly: true,
  }),
  checklevel: int('How thoroughly blocks are verified at start, 0 to 4', {
    value: '<n>',
    default: '3',
    debugOnly: true,
  }),
  checkmempool: int('Check the mempool once in so many transactions', {
    value: '<n>',
    default: '0, on regtest 1',
    debugOnly: true,
    noEffect: true,
  }),
  debug: text('Log this category (1 or nothing for all, 0 or none to forget those before)', {
    value: '<category>',
    default: 'none',
    repeatable: true,
  }),
  debugexclude: text('Leave this category out of the log', {
    value: '<category>',
    repeatable: true,
  }),
  deprecatedrpc: text(
    'Allow what is only served when asked for (warnings, bip125, fullrbf, removeprunedfunds; with -compat=legacy accounts, estimatefee, signrawtransaction)',
    { value: '<method>', repeatable: true, debugOnly: true },
  ),
  fastprune: bool('Small block files, to test pruning', { debugOnly: true }),
  'help-debug': bool('Print this text with the options for debugging'),
  limitancestorcount: int(
    'Unconfirmed ancestors a payment of the wallet may have, itself included',
    {
      value: '<n>',
      default: '64, with -compat=core 25',
      debugOnly: true,
    },
  ),
  limitclustercount: int('Transactions that a cluster of connected unconfirmed ones may have', {
    value: '<n>',
    default: '64',
    debugOnly: true,
  }),
  limitclustersize: int('1,000 vbytes that a cluster may have', {
    value: '<n>',
    default: '101',
    debugOnly: true,
  }),
  limitdescendantcount: int(
    'Unconfirmed descendants a payment of the wallet may have, itself included',
    {
      value: '<n>',
      default: '64, with -compat=core 25',
      debugOnly: true,
    },
  ),
  logips: bool('Log addresses of peers'),
  loglevel: text(
    'How much of the categories chosen by -debug is logged, for all or for one: info, debug, trace',
    {
      value: '<level>|<category>:<level>',
      default: 'debug',
      noNegation: true,
      noBareForm: true,
      debugOnly: true,
    },
  ),
  loglevelalways: bool('Always log category and level'),
  logratelimit: bool('Limit how much one place may log per hour', { default: '1', noEffect: true }),
  logsourcelocations: bool('Log the place in the code', { noEffect: true }),
  logthreadnames: bool('Log the name of the thread'),
  logtimemicros: bool('Log times in microseconds', { debugOnly: true }),
  logtimestamps: bool('Log times', { default: '1' }),
  maxsigcachesize: int('MiB to remember verified scripts in', {
    value: '<n>',
    default: '32',
    debugOnly: true,
  }),
  maxtipage: int('Seconds behind the clock up to which the tip does not mean initial download', {
    value: '<n>',
    default: '86400',
    debugOnly: true,
  }),
  maxtxfee: amount('Fee in BTC that a wallet transaction may cost at most', {
    value: '<amt>',
    default: '0.10',
  }),
  mocktime: int("Start with this unix time instead of the clock's", { value: '<n>', default: '0' }),
  printpriority: bool('Log the fee rate of each mined transaction', {
    debugOnly: true,
    noEffect: true,
  }),
  printtoconsole: bool('Log to the terminal', { default: '1 unless -daemon' }),
  shrinkdebugfile: bool('Cut the log file at start when it is long', {
    default: '1 unless -debug is given',
  }),
  stopafterblockimport: bool('Stop when the blocks of -loadblock are imported', {
    debugOnly: true,
  }),
  stopatheight: int('Stop at this height', {
    value: '<n>',
    default: '0',
    debugOnly: true,
  }),
  test: text('Test switch of bitcoind (regtest only)', {
    value: '<option>',
    repeatable: true,
    debugOnly: true,
  }),
  testactivationheight: text(
    'Move the height from which a soft fork holds: segwit, bip34, dersig, cltv, csv (not on main)',
    { value: '<name>@<height>', repeatable: true, debugOnly: true },
  ),
  uacomment: text('Comment in the user agent that peers see', { value: '<cmt>', repeatable: true }),
});

const walletDebuggingOptions: OptionTable = inCategory('walletDebugging', {
  unsafesqlitesync: bool('Do not wait for the disk when a wallet is written', {
    debugOnly: true,
    noEffect: true,
  }),
  walletcrosschain: bool('Load wallets that were made on another network', {
    debugOnly: true,
    noEffect: true,
  }),
  walletrejectlongchains: bool(
    'Do not make transactions that the mempool would refuse as too long a chain',
    { default: '1, with -compat=legacy 0', debugOnly: true },
  ),
});

const zmqOptions: OptionTable = inCategory('zmq', {
  zmqpubhashblock: text('Publish block hashes over ZeroMQ here', {
    value: '<address>',
    repeatable: true,
  }),
  zmqpubhashblockhwm: int('Messages kept for slow readers of -zmqpubhashblock', {
    value: '<n>',
    default: '1000',
  }),
  zmqpubhashtx: text('Publish transaction ids over ZeroMQ here', {
    value: '<address>',
    repeatable: true,
  }),
  zmqpubhashtxhwm: int('Messages kept for slow readers of -zmqpubhashtx', {
    value: '<n>',
    default: '1000',
  }),
  zmqpubrawblock: text('Publish blocks over ZeroMQ here', {
    value: '<address>',
    repeatable: true,
  }),
  zmqpubrawblockhwm: int('Messages kept for slow readers of -zmqpubrawblock', {
    value: '<n>',
    default: '1000',
  }),
  zmqpubrawtx: text('Publish transactions over ZeroMQ here', {
    value: '<address>',
    repeatable: true,
  }),
  zmqpubrawtxhwm: int('Messages kept for slow readers of -zmqpubrawtx', {
    value: '<n>',
    default: '1000',
  }),
  zmqpubsequence: text('Publish changes of chain and mempool over ZeroMQ here', {
    value: '<address>',
    repeatable: true,
  }),
  zmqpubsequencehwm: int('Messages kept for slow readers of -zmqpubsequence', {
    value: '<n>',
    default: '1000',
  }),
});

const ipcOptions: OptionTable = inCategory('ipc', {
  ipcbind: text('Listen for local processes on this socket', {
    value: '<address>',
    noEffect: true,
  }),
});

const hiddenOptions: OptionTable = inCategory('hidden', {
  checkpoints: bool('Without effect: checkpoints are gone'),
  limitancestorsize: int('Without effect: see -limitclustersize', { value: '<n>' }),
  limitdescendantsize: int('Without effect: see -limitclustersize', { value: '<n>' }),
});

/** Options that 0.16 had and bitcoind dropped; refused under -compat=core, as bitcoind does. */
const formerOptions: OptionTable = inCategory('former', {
  blockmaxsize: int('Size up to which a new block is filled', { value: '<n>', noEffect: true }),
  blockprioritysize: int('Size kept for old coins', { value: '<n>', noEffect: true }),
  feefilter: bool('Tell peers the lowest fee rate of interest', { noEffect: true }),
  gen: bool('Mine by itself all the time: the same as -mining=continuous'),
  genproclimit: int('Threads that mine; -1 for one per processor', { value: '<n>', default: '-1' }),
  limitfreerelay: int('Limit free transactions', { value: '<n>', noEffect: true }),
  maxorphantx: int('Transactions without parents to keep', { value: '<n>', noEffect: true }),
  mempoolreplacement: bool('Allow replacement in the mempool', { noEffect: true }),
  paytxfee: amount('Fee rate in BTC per 1,000 bytes for wallet transactions', { value: '<amt>' }),
  relaypriority: bool('Ask for priority of free transactions', { noEffect: true }),
  rescan: bool('Look for wallet transactions again at start', { noEffect: true }),
  salvagewallet: bool('Recover keys of a broken wallet', { noEffect: true }),
  upgradewallet: int('Upgrade the wallet format', { value: '<n>', noEffect: true }),
  upnp: bool('Ask the router to forward the port', { noEffect: true }),
  usehd: bool('Derive keys from a seed', { noEffect: true }),
  zapwallettxes: int('Forget wallet transactions', { value: '<mode>', noEffect: true }),
});

const hiddenHelp: OptionTable = inCategory('hidden', { h: bool('Help'), '?': bool('Help') });

/** bitcoind's options. */
export const coreOptions: OptionTable = {
  ...chainOptions,
  ...generalOptions,
  ...connectionOptions,
  ...rpcOptions,
  ...walletOptions,
  ...relayOptions,
  ...miningOptions,
  ...debuggingOptions,
  ...walletDebuggingOptions,
  ...zmqOptions,
  ...ipcOptions,
  ...hiddenOptions,
  ...hiddenHelp,
};

const coreTable: OptionTable = { ...ownOptions, ...coreOptions };
const fullTable: OptionTable = { ...coreTable, ...formerOptions };

/** The options a profile knows. */
export function optionsOf(profile: Profile): OptionTable {
  return profile === 'core' ? coreTable : fullTable;
}

/** The headings of -help, in order. */
export const optionTitles: Readonly<Record<string, string>> = {
  own: 'Options of coind',
  general: 'Options',
  chain: 'Chain selection options',
  connection: 'Connection options',
  rpc: 'RPC server options',
  wallet: 'Wallet options',
  relay: 'Node relay options',
  mining: 'Block creation options',
  debugging: 'Debugging/Testing options',
  walletDebugging: 'Wallet debugging/testing options',
  zmq: 'ZeroMQ notification options',
  ipc: 'Local socket options',
  former: 'Options of earlier versions',
};
