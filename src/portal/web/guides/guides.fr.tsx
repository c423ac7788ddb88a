// The guides in French.

import type { View } from '../../../web/view.ts';
import { Snippets } from './snippet-list.tsx';
import { bodySigningCurl, callSnippets, signingSnippets } from './snippets.ts';

export const FirstCall = (view: View) => (
  <>
    <p>Deux minutes, trois étapes. Un terminal suffit.</p>
    <ol>
      <li>
        <a href="/sign-up">Inscrivez-vous</a>, créez une application, puis une <b>clé de test</b>. Son secret
        ne s’affiche qu’une fois : enregistrez-le.
      </li>
      <li>Collez la ligne qui l’accompagne. C’est l’une de celles-ci, avec votre clé.</li>
      <li>
        Retrouvez l’appel dans les <a href="/portal/requests">requêtes</a>. Il apparaît en une seconde ou
        deux.
      </li>
    </ol>
    <Snippets list={callSnippets(view.origin)} />
    <h2>Ce que vous recevez</h2>
    <p>
      Du JSON, et des en-têtes qui disent ce qu’il reste de vos limites. Chaque réponse porte un{' '}
      <code>X-Request-Id</code> : collez-le dans les requêtes pour revoir cet appel, et donnez-le-nous quand
      vous demandez de l’aide.
    </p>
    <p>
      Le <a href="/portal/sandbox">bac à sable</a> répond aux clés de test (<code>pk_test_</code>) : un petit
      réseau de Dakar et des cartes simulées. Rien de ce que vous y faites n’est facturé.
    </p>
  </>
);

const WholeRequest = (view: View) => (
  <>
    <p>
      Une <b>clé de signature</b> se compose d’un identifiant (<code>ak_…</code>) et d’un secret (
      <code>sk_…</code>). Le secret ne voyage jamais : vous envoyez l’identifiant, et le HMAC-SHA256, en
      hexadécimal, de ce que vous demandez.
    </p>
    <p>
      Il y a deux formes. {view.m.keys.signatureWorth.bound} {view.m.keys.signatureWorth.body}
    </p>
    <h2>Signer toute la requête</h2>
    <p>
      Quatre en-têtes : <code>X-Signature-Version: 2</code>, <code>X-Timestamp</code> (secondes Unix, à cinq
      minutes près), <code>X-Nonce</code> (16 à 128 lettres, chiffres, <code>_</code> ou <code>-</code>,
      jamais employé avec cette clé) et{' '}
      <code>X-API-Key: ak_…:&lt;HMAC-SHA256("v2:" + secret, texte) en hexadécimal&gt;</code>. Le texte est
      fait de ces huit lignes, séparées par un seul saut de ligne, sans saut à la fin :
    </p>
    <ol>
      <li>
        <code>v2</code>
      </li>
      <li>la méthode, en capitales</li>
      <li>
        le chemin et la requête exactement comme votre client les envoie : du <code>/</code> après l’hôte
        jusqu’à la fin, sans toucher à l’encodage, à l’ordre ni à un <code>?</code> vide, sans fragment
      </li>
      <li>
        la valeur de <code>X-Timestamp</code>
      </li>
      <li>
        la valeur de <code>X-Nonce</code>
      </li>
      <li>
        la valeur de <code>Content-Type</code>, ou une ligne vide si vous n’en envoyez pas
      </li>
      <li>
        la valeur d’<code>Idempotency-Key</code>, ou une ligne vide si vous n’en envoyez pas
      </li>
      <li>
        le SHA-256 des octets du corps, en hexadécimal minuscule ; celui de rien s’il n’y a pas de corps
      </li>
    </ol>
    <p>
      <b>Autres en-têtes.</b> L’API reçoit les en-têtes signés, et aucun autre. Pour en signer davantage,
      nommez-les dans <code>X-Signature-Headers</code> (en minuscules, triés, une fois chacun, 32 au plus,
      séparés par <code>;</code>), envoyez-les tous, et ajoutez au texte une ligne pour chacun, dans cet
      ordre&nbsp;: <code>nom:valeur</code>, la valeur sans espaces autour, en ASCII. Ce qui changerait ce qui
      est fait (<code>Prefer</code>, <code>If-Match</code>, <code>If-None-Match</code>,{' '}
      <code>If-Modified-Since</code>, <code>If-Unmodified-Since</code>, <code>Range</code>,{' '}
      <code>Content-Encoding</code>, <code>X-Sandbox-Simulate</code>, tout en-tête que montre la référence)
      est refusé par un 401 s’il n’est pas signé. Ce que clients et serveurs mandataires ajoutent d’eux-mêmes
      (<code>Accept</code>, <code>Accept-Language</code>, <code>User-Agent</code>, <code>Cache-Control</code>,{' '}
      <code>Pragma</code>, <code>Priority</code>) est laissé de côté s’il n’est pas signé.{' '}
      <code>Accept-Encoding</code> n’est jamais transmis.
    </p>
    <p>
      Mettez l’identifiant de votre clé dans <code>KEY_ID</code> et son secret dans <code>SECRET</code>, dans
      l’environnement, puis lancez l’un de ces exemples. Chacun prend un paiement et en demande la liste, avec
      un en-tête à lui, signé aussi.
    </p>
    <Snippets list={signingSnippets(view.origin)} />
  </>
);

const BodyAlone = (view: View) => (
  <>
    <h2>Signer le corps seul</h2>
    <p>
      <code>X-API-Key: ak_…:&lt;HMAC-SHA256(secret, corps) en hexadécimal&gt;</code>, sans les autres en-têtes
      ci-dessus. Cette forme vaut pour les appels qui ont un corps, sauf si la clé, votre compte ou l’appel
      exige toute la requête ; jamais pour un appel sans corps, ni sous <code>/dashboard</code>. Ses réponses
      portent un en-tête <code>Link</code> vers cette page. Un corps qui commence par un à douze chiffres et
      un point est refusé.
    </p>
    <Snippets list={[['curl', bodySigningCurl(view.origin)]]} />
    <h2>Erreurs fréquentes</h2>
    <ul>
      <li>Signer un objet et en envoyer une autre sérialisation. Signez les octets que vous envoyez.</li>
      <li>
        Un saut de ligne ajouté par le shell : préférez <code>printf %s</code> à <code>echo</code>.
      </li>
      <li>
        Un en-tête ajouté par votre client : beaucoup envoient un <code>Content-Type</code> avec tout corps,
        certains un <code>If-None-Match</code>. Fixez-le vous-même.
      </li>
      <li>Une requête que votre client encode à nouveau. Signez l’adresse qui part.</li>
      <li>
        Réessayer avec le même nonce : signez à nouveau. L’<code>Idempotency-Key</code>, elle, reste la même.
      </li>
    </ul>
  </>
);

export const Signing = (view: View) => (
  <>
    {WholeRequest(view)}
    {BodyAlone(view)}
  </>
);

export const Limits = (_view: View) => (
  <>
    <p>
      Trois sortes de limites, toutes comptées exactement : ce qui vous limite est ce que vous voyez, et ce
      qui est facturé.
    </p>
    <ul>
      <li>
        <b>Par seconde</b>, partagée par les clés d’un partenaire : dans toute seconde, où qu’elle commence.
        Aucun bord de fenêtre ne laisse passer le double.
      </li>
      <li>
        <b>Rafale</b>, propre à chaque clé : un seau de jetons qui se remplit régulièrement.
      </li>
      <li>
        <b>Par jour et par mois</b>, en UTC. Les appels refusés et ceux qui échouent de notre côté ne coûtent
        rien.
      </li>
    </ul>
    <h2>En-têtes de chaque réponse</h2>
    <ul>
      <li>
        <code>X-RateLimit-Limit-Second|Day|Month</code>, <code>X-RateLimit-Remaining-…</code>,{' '}
        <code>X-RateLimit-Reset-…</code> (secondes Unix)
      </li>
      <li>
        <code>RateLimit</code> et <code>RateLimit-Policy</code>, selon le projet de norme de l’IETF
      </li>
      <li>
        <code>Retry-After</code> pour 429 et 503 : aucun appel n’est admis plus tôt
      </li>
    </ul>
    <h2>En cas de refus</h2>
    <p>
      429 avec <code>limit_type</code>, <code>limit</code>, <code>retry_after</code> et, pour les quotas,{' '}
      <code>reset_at</code>. Attendez ce délai ; un peu d’aléa aide quand plusieurs programmes attendent le
      même instant. Essayez tout de suite : le bac à sable épuise la journée d’une clé de test en un clic.
    </p>
  </>
);

export const Errors = (_view: View) => (
  <>
    <p>
      Les erreurs sont en JSON : <code>error</code> (un code stable), <code>message</code> (pour les humains),{' '}
      <code>request_id</code>. Décidez d’après le code et le statut, jamais d’après le message.
    </p>
    <ul>
      <li>
        <b>400, 404, 405, 413, 422</b> : la requête est fautive. La répéter n’y change rien.
      </li>
      <li>
        <b>401, 403</b> : c’est la clé. Inconnue, révoquée ou expirée, la réponse est la même.
      </li>
      <li>
        <b>429</b> : une limite. Réessayez après <code>Retry-After</code>.
      </li>
      <li>
        <b>502, 503, 504</b> : notre côté, ou le service en amont. Non facturé. Réessayez en espaçant vos
        essais.
      </li>
    </ul>
    <p>
      Quand vous répétez un POST, envoyez la même <code>Idempotency-Key</code> : ce qui est fait une fois ne
      l’est pas deux.
    </p>
    <p>
      <a href="/docs/errors">Chaque code a sa page</a>.
    </p>
  </>
);

export const Webhooks = (_view: View) => (
  <>
    <p>
      Les webhooks préviennent votre serveur : une clé renouvelée, un quota qui s’épuise, une facture
      définitive. Ils suivent <a href="https://www.standardwebhooks.com">Standard Webhooks</a> : une
      bibliothèque suffit pour les vérifier.
    </p>
    <ul>
      <li>
        <code>webhook-id</code> : identique à chaque tentative. Gardez-le, et ignorez ce que vous avez déjà
        vu.
      </li>
      <li>
        <code>webhook-timestamp</code> : refusez ce qui a plus de cinq minutes.
      </li>
      <li>
        <code>webhook-signature</code> : HMAC-SHA256 de <code>id.timestamp.corps</code> avec le secret du
        point d’accès (<code>whsec_…</code>).
      </li>
    </ul>
    <p>
      Répondez 2xx en quelques secondes et travaillez ensuite. Toute autre réponse donne lieu à de nouvelles
      tentatives, espacées.
    </p>
    <p>
      Après le premier essai en viennent d’autres, 5 secondes, 5 minutes, 30 minutes, 2, 5, 10 et 10 heures
      plus tard. Un point d’envoi en échec pendant cinq jours est désactivé, et son propriétaire prévenu.
      Chaque essai figure dans le journal ; un événement peut être renvoyé, ou tout depuis une date.
    </p>
    <p>
      <a href="/portal/webhooks">Ajoutez un point d’envoi</a>, envoyez-lui un événement de test, et lisez les{' '}
      <a href="/portal/webhooks/events">types d’événements</a>.
    </p>
  </>
);

export const GoingLive = (_view: View) => (
  <>
    <p>
      Un nouveau compte travaille avec des clés de test. Les clés de production demandent l’accord d’un
      opérateur : la vue d’ensemble en montre l’état, et un message vous prévient.
    </p>
    <h2>Avant de demander</h2>
    <ul>
      <li>
        Le nom de votre organisation figure dans les réglages, et une autre personne que vous est
        propriétaire.
      </li>
      <li>
        Votre programme attend quand on le lui demande (429, Retry-After) et conserve les identifiants de
        requête.
      </li>
      <li>Les clés sont dans un coffre, une par programme, avec le moins de droits possible.</li>
      <li>La connexion en deux étapes est activée.</li>
    </ul>
    <h2>Le jour venu</h2>
    <ol>
      <li>Passez le portail en production et créez une clé.</li>
      <li>Indiquez les adresses d’où elle sera utilisée, si elles sont fixes.</li>
      <li>Déployez, et suivez les premiers appels dans les requêtes.</li>
    </ol>
    <h2>Ensuite</h2>
    <p>
      Renouvelez vos clés de temps en temps : l’ancien secret reste valable pendant le délai choisi. Perdue ?
      Renouvelez-la. Divulguée ? Révoquez-la : elle est refusée partout dès la requête suivante.
    </p>
  </>
);
