/** The public surface of @coind/zmq. */
export { type Endpoint, EndpointError, formatEndpoint, parseEndpoint } from './endpoint.ts';
export { bindPublisher, type Publisher, type PublisherOptions } from './publisher.ts';
