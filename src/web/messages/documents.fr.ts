// What is wrong with a document of an API, or was left out of it, in French. `#` is a number, `` ` `` what stands quoted.

export const DOCUMENTS_IN_FRENCH: Record<string, string> = {
  'is empty': 'est vide',
  'is neither JSON nor YAML, at line #': 'n’est ni du JSON ni du YAML, à la ligne #',
  'is no YAML that we read': 'n’est pas du YAML lisible ici',
  'has more than # values': 'contient plus de # valeurs',
  'is deeper than # levels': 'dépasse # niveaux',
  'must be well-formed Unicode without NUL': 'doit être de l’Unicode bien formé, sans NUL',
  'is a name that we do not take': 'est un nom refusé ici',
  'is outside of this document: put what it refers to in, first':
    'désigne autre chose que ce document : intégrez-y d’abord ce qui est désigné',
  'refers to itself': 'se désigne en boucle',
  'refers to `, which is nowhere in this document': 'désigne `, qui n’est nulle part dans ce document',
  'is larger than # MiB': 'dépasse # Mio',
  'must be an object': 'doit être un objet',
  'is no OpenAPI document: it has no `, nor `': 'n’est pas un document OpenAPI : il n’a ni `, ni `',
  'must be #.#, #.#, #.# or #.#': 'doit valoir #.#, #.#, #.# ou #.#',
  'cannot be read as OpenAPI': 'ne se lit pas comme de l’OpenAPI',
  'must be an object: without paths there is nothing to offer':
    'doit être un objet : sans chemins, rien à proposer',
  'has no operation': 'ne contient aucune opération',
  'has # operations: at most # are offered': 'contient # opérations : au plus # sont proposées',
  'must begin with a slash': 'doit commencer par une barre oblique',
  'must begin with `': 'doit commencer par `',
  'must have at most # characters': 'doit avoir au plus # caractères',
  'is left out: what follows ? or # is no path':
    'est laissé de côté : ce qui suit ? ou # n’est pas un chemin',
  'has an example that does not fit its schema: another was made':
    'a un exemple qui ne correspond pas à son schéma : un autre en a été tiré',
  'must be printable ASCII outside of its templates': 'doit être en ASCII imprimable hors de ses paramètres',
  'has a brace without its other, or a template without a name':
    'a une accolade sans sa paire, ou un paramètre sans nom',
  'must hold no quotes, backslashes and control characters':
    'ne doit contenir ni guillemets, ni barres obliques inverses, ni caractères de contrôle',
  'has two templates with nothing between them': 'a deux paramètres sans rien entre eux',
  'has the same template twice': 'a deux fois le même paramètre',
  'must be small letters, digits and hyphens, at most #':
    'doit être fait de minuscules, de chiffres et de tirets, # au plus',
  'matches the same paths as `': 'désigne les mêmes chemins que `',
  'begins like ` of another API: give this one another prefix':
    'commence comme ` d’une autre API : donnez un autre préfixe à celle-ci',
  'must begin with a part that is plain text: give the API a prefix':
    'doit commencer par une partie en texte simple : donnez un préfixe à l’API',
  'is the name of a document of our own': 'est le nom d’un document réservé',
  'is a path of our own: give the API another prefix':
    'est un chemin réservé : donnez un autre préfixe à l’API',
  'could not be fetched: nobody answered in time': 'n’a pas pu être lu : aucune réponse à temps',
  'could not be fetched: its server answered #': 'n’a pas pu être lu : le serveur a répondu #',
  'could not be fetched: it broke off': 'n’a pas pu être lu : la réponse s’est interrompue',
  'could not be fetched: it was redirected more than # times': 'n’a pas pu être lu : plus de # redirections',
  'names `, which is no route of this document': 'nomme `, qui n’est pas une route de ce document',
  'is not offered': 'n’est pas proposé',
  'is not heeded: an API has its upstreams': 'est ignoré : une API a ses serveurs d’origine',
  'is left out: it is no call of this operation':
    'est laissé de côté : ce n’est pas un appel de cette opération',
  'is left out: no cookie passes the gateway': 'est laissé de côté : aucun cookie ne passe',
  'is left out: no caller may say it to an upstream':
    'est laissé de côté : aucun appelant ne peut le dire à un serveur d’origine',
  'is left out: no upstream may say it to a caller':
    'est laissé de côté : aucun serveur d’origine ne peut le dire à un appelant',
  'the header ` may not pass to an upstream': 'l’en-tête ` ne peut pas passer à un serveur d’origine',
  'the header ` may not pass to a caller': 'l’en-tête ` ne peut pas passer à un appelant',
  'must be the address of an HTTP server, like https://api.example.com/v#':
    'doit être l’adresse d’un serveur HTTP, comme https://api.example.com/v#',
  'must hold no user and password: give a credential beside it':
    'ne doit contenir ni nom ni mot de passe : donnez l’identification à part',
  'is in a private network, which no edge reaches': 'est dans un réseau privé, injoignable d’ici',
  'is this deployment itself': 'est ce déploiement lui-même',
  'has a host that cannot be found': 'a un hôte introuvable',
  'must hold no ? and no #': 'ne doit contenir ni ? ni #',
  'must be a header that may go to an upstream, as `':
    'doit être un en-tête qui peut aller à un serveur d’origine, comme `',
  'The same address twice': 'Deux fois la même adresse',
  'At most #': 'Au plus #',
  'The catalogue was changed meanwhile: look again, and repeat it if it still fits':
    'Le catalogue a changé entre-temps : vérifiez, puis recommencez si cela convient encore',
};
