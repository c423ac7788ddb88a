// A mail's two parts, plain text and HTML, of one description. HTML for mail programs: a table for Outlook, styles beside the
// elements, no image and nothing from elsewhere. Only our own link is a link: what people typed is text.

import type { Brand } from '../brand/brand.ts';
import { inkOn } from '../brand/contrast.ts';
import type { Action, MailLanguage, MailText } from './letter.ts';

export interface Parts {
  text: string;
  html: string;
}

const isAction = (part: string | Action): part is Action => typeof part !== 'string';

const COLON: Record<MailLanguage, string> = { en: ':', fr: ' :' };

/** Who signs it. */
export type Sender = Pick<Brand, 'name' | 'accent'>;

function plainText({ body, stop }: MailText, language: MailLanguage, sender: Sender): string {
  const linked = ({ label, url }: Action) => `${label}${COLON[language]}\n${url}`;
  const parts = body.map((part) => (isAction(part) ? linked(part) : part));
  return [...parts, sender.name, ...(stop ? [linked(stop)] : [])].join('\n\n');
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif";
/** As the portal's; each is changed by its class in the dark. */
const COLOR = { ground: '#f3f1ec', raised: '#ffffff', ink: '#1c2321', soft: '#55605c' };
const darkStyle = ({ accent: { dark } }: Sender) => `@media (prefers-color-scheme:dark){
.ground{background:#101413!important}.raised{background:#1b201f!important}.ink{color:#e9e7e2!important}
.soft{color:#a5aeaa!important}.button{background:${dark}!important;color:${inkOn(dark)}!important}}`;

const Paragraph = ({ children: text }: { children: string }) => (
  <p class="ink" style={`margin:0 0 16px;color:${COLOR.ink};overflow-wrap:anywhere`}>
    {text.split('\n').map((line, index) => (
      <>
        {index > 0 && <br />}
        {line}
      </>
    ))}
  </p>
);

/** What leads nowhere from a mail (its origin is not known) is no button. */
const Button = ({ label, url, accent: { light } }: Action & Pick<Sender, 'accent'>) =>
  URL.canParse(url) ? (
    <>
      <p style="margin:24px 0 12px">
        <a
          class="button"
          href={url}
          style={`display:inline-block;padding:12px 20px;border-radius:6px;background:${light};color:${inkOn(light)};font-weight:600;text-decoration:none`}
        >
          {label}
        </a>
      </p>
      <p class="soft" style={`margin:0 0 24px;color:${COLOR.soft};font-size:13px;overflow-wrap:anywhere`}>
        {url}
      </p>
    </>
  ) : (
    <Paragraph>{`${label}\n${url}`}</Paragraph>
  );

const Stop = ({ label, url }: Action) => (
  <p class="soft" style={`margin:0 0 12px;color:${COLOR.soft};font-size:13px;overflow-wrap:anywhere`}>
    {URL.canParse(url) ? (
      <a class="soft" href={url} style={`color:${COLOR.soft}`}>
        {label}
      </a>
    ) : (
      <>
        {label}
        <br />
        {url}
      </>
    )}
  </p>
);

function Html({ mail, language, sender }: { mail: MailText; language: MailLanguage; sender: Sender }) {
  return (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>{mail.subject}</title>
        <style>{darkStyle(sender)}</style>
      </head>
      <body class="ground" style={`margin:0;background:${COLOR.ground};color-scheme:light dark`}>
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border={0}>
          <tr>
            <td class="ground" align="center" style={`padding:24px 12px;background:${COLOR.ground}`}>
              <table
                role="presentation"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                border={0}
                style="max-width:560px"
              >
                <tr>
                  <td
                    class="raised"
                    align="left"
                    style={`padding:28px 24px 12px;border-radius:8px;background:${COLOR.raised};${FONT};font-size:16px;line-height:24px`}
                  >
                    {mail.body.map((part) =>
                      isAction(part) ? (
                        <Button {...part} accent={sender.accent} />
                      ) : (
                        part.split('\n\n').map((each) => <Paragraph>{each}</Paragraph>)
                      ),
                    )}
                    <p class="soft" style={`margin:24px 0 12px;color:${COLOR.soft}`}>
                      {sender.name}
                    </p>
                    {mail.stop && <Stop {...mail.stop} />}
                  </td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html>
  );
}

export const partsOf = (mail: MailText, language: MailLanguage, sender: Sender): Parts => ({
  text: plainText(mail, language, sender),
  html: `<!doctype html>${<Html mail={mail} language={language} sender={sender} />}`,
});
