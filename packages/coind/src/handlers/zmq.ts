/** Handlers of the methods about notifications over ZeroMQ. */
import type { Handlers, methods } from '@coind/rpc';
import type { RpcContext } from '../context.ts';

/** Handlers of the methods about notifications over ZeroMQ. */
export const zmq: Handlers<typeof methods.zmq, RpcContext> = {
  getzmqnotifications: ({ node }) =>
    node.zmq.active.map(({ type, address, highWaterMark: hwm }) => ({ type, address, hwm })),
};
