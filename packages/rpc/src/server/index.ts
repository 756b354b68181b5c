/** What a program that serves RPC needs; the tables and codecs are in `@coind/rpc`. */

export { isInParts } from '../pages.ts';
export type { Auth, AuthSettings, Credentials } from './auth.ts';
export { COOKIE_USER, createAuth } from './auth.ts';
export type { ActiveCall, Dispatcher, DispatchOptions, RpcCall, Service } from './dispatch.ts';
export { createDispatcher, service } from './dispatch.ts';
export type { RpcReply, RpcRequest, RpcServer } from './legacy.ts';
export { createRpcServer } from './legacy.ts';
