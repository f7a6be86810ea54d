// A bot on discord.js as its guide would write it. It answers each mention and
// tells on standard output, a line of JSON each, what happens to it, so that
// the test that started it can follow.
import { Client, Events, GatewayIntentBits } from "discord.js";

const { DISCORD_API, DISCORD_TOKEN } = process.env;
const tell = (event, more = {}) => process.stdout.write(JSON.stringify({ event, ...more }) + "\n");

const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.DirectMessages],
  rest: { api: DISCORD_API, version: "10" },
});

client.once(Events.ClientReady, (me) => tell("ready", { user: me.user.id, name: me.user.username, guilds: me.guilds.cache.map((g) => g.name) }));
client.on(Events.ShardResume, (_, replayed) => tell("resumed", { replayed }));
client.on(Events.ShardDisconnect, (closed) => tell("stopped", { code: closed.code }));
client.on(Events.ShardReconnecting, () => tell("reconnecting"));
client.on(Events.Error, (error) => tell("error", { text: String(error) }));
client.on(Events.Raw, (packet) => { if (packet.t === "READY") tell("identified"); });

client.on(Events.MessageCreate, async (message) => {
  if (message.author.bot || !message.mentions.has(client.user, { ignoreEveryone: true, ignoreRoles: false })) return;
  tell("heard", { id: message.id, text: message.cleanContent });
  try {
    await message.channel.sendTyping();
    const answer = await message.reply({ content: "…", allowedMentions: { repliedUser: false } });
    await answer.edit("You said: " + message.cleanContent);
    tell("answered", { to: message.id, id: answer.id });
  } catch (error) {
    tell("error", { text: String(error) });
  }
});

process.on("unhandledRejection", (error) => { tell("error", { text: String(error) }); process.exit(1); });
process.stdin.on("end", () => client.destroy().then(() => process.exit(0)));
process.stdin.resume();

await client.login(DISCORD_TOKEN);
