import { Option, type Command } from 'commander'

/** Adds the options `url` and `token`, for commands that work through a running server. */
export const addServerOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--url <url>', 'address of the server').env('CODRAFT_URL').default('http://127.0.0.1:8080'),
    )
    .addOption(
      new Option('--token <token>', 'access token (JWT), safer in the environment')
        .env('CODRAFT_TOKEN')
        .makeOptionMandatory(),
    )
