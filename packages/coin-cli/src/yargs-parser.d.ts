/** The part of yargs-parser that is used here; the package has no types of its own. */
declare module 'yargs-parser' {
  interface Options {
    readonly configuration: Readonly<Record<string, boolean>>;
  }
  function parse(
    argv: readonly string[],
    options: Options,
  ): Readonly<Record<string, unknown>> & { readonly _: readonly unknown[] };
  export = parse;
}
