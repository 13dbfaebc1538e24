/* Every word the television says: a row a text, in English, Spanish and Portuguese. `_one` and `_other` are a count's two
   forms. A test fails on a text that is missing in a language or used nowhere. */
(function (Lareira) {
  'use strict';

  var LANGUAGES = ['en', 'es', 'pt'];
  var texts = {
    months: [
      ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'],
      ['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre', 'diciembre'],
      ['janeiro', 'fevereiro', 'março', 'abril', 'maio', 'junho', 'julho', 'agosto', 'setembro', 'outubro', 'novembro', 'dezembro']
    ],
    weekdays: [
      ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
      ['domingo', 'lunes', 'martes', 'miércoles', 'jueves', 'viernes', 'sábado'],
      ['domingo', 'segunda-feira', 'terça-feira', 'quarta-feira', 'quinta-feira', 'sexta-feira', 'sábado']
    ],
    today_at: ['Today, {time}', 'Hoy, {time}', 'Hoje, {time}'],
    yesterday_at: ['Yesterday, {time}', 'Ayer, {time}', 'Ontem, {time}'],
    weekday_at: ['{day}, {time}', 'El {day}, {time}', '{day}, {time}'],
    day_month: ['{day} {month}', '{day} de {month}', '{day} de {month}'],
    day_month_year: ['{day} {month} {year}', '{day} de {month} de {year}', '{day} de {month} de {year}'],
    minutes_one: ['{count} minute', '{count} minuto', '{count} minuto'],
    minutes_other: ['{count} minutes', '{count} minutos', '{count} minutos'],
    seconds_one: ['{count} second', '{count} segundo', '{count} segundo'],
    seconds_other: ['{count} seconds', '{count} segundos', '{count} segundos'],
    digits_one: ['{count} digit entered', '{count} cifra escrita', '{count} algarismo escrito'],
    digits_other: ['{count} digits entered', '{count} cifras escritas', '{count} algarismos escritos'],
    live: ['Live', 'En directo', 'Em direto'],
    unseen: ['New', 'Nuevo', 'Novo'],
    someone: ['Someone', 'Alguien', 'Alguém'],
    close: ['Close', 'Cerrar', 'Fechar'],
    cancel: ['Cancel', 'Cancelar', 'Cancelar'],
    play: ['Play', 'Reproducir', 'Ver'],
    later: ['Later', 'Más tarde', 'Mais tarde'],
    decline: ['Decline', 'Rechazar', 'Recusar'],
    watch_now: ['Watch now', 'Ver ahora', 'Ver agora'],
    watch_again: ['Watch again', 'Volver a ver', 'Ver outra vez'],
    try_again: ['Try again', 'Reintentar', 'Tentar de novo'],
    from_start: ['From the start', 'Desde el principio', 'Desde o início'],
    inbox: ['Inbox', 'Recibidos', 'Recebidos'],
    inbox_unseen: ['Inbox · {count} new', 'Recibidos · {count} sin ver', 'Recebidos · {count} por ver'],
    pair_title: ['Bring this TV home', 'Trae este televisor a casa', 'Traga esta TV para casa'],
    pair_text: [
      'Give this code to whoever looks after Lareira in your home. The TV joins by itself as soon as it is approved.',
      'Da este código a quien cuida de Lareira en tu casa. El televisor entrará solo en cuanto lo aprueben.',
      'Dê este código a quem cuida da Lareira em sua casa. A TV entra sozinha assim que for aprovada.'
    ],
    pair_hint: ['On the gateway: {command}', 'En la pasarela: {command}', 'No gateway: {command}'],
    who_title: ['Who is watching?', '¿Quién está viendo?', 'Quem está a ver?'],
    who_now: ['is watching. Choose someone else', 'está viendo. Elegir a otra persona', 'está a ver. Escolher outra pessoa'],
    who_nobody: [
      'Nobody lives here yet. Add the people of this household on the gateway, and they appear here.',
      'Aquí todavía no vive nadie. Añade a las personas de esta casa en la pasarela y aparecerán aquí.',
      'Ainda não mora aqui ninguém. Junte as pessoas desta casa no gateway e elas aparecem aqui.'
    ],
    signed_in: ['Signed in', 'Sesión abierta', 'Sessão iniciada'],
    with_pin: ['With PIN', 'Con PIN', 'Com PIN'],
    pin_for: ['{name}, your PIN', '{name}, tu PIN', '{name}, o seu PIN'],
    pin_done: ['Done', 'Listo', 'Pronto'],
    pin_erase: ['Erase the last digit', 'Borrar la última cifra', 'Apagar o último algarismo'],
    pin_wrong: ['That isn’t the PIN. Try once more.', 'Ese no es el PIN. Prueba otra vez.', 'Não é esse o PIN. Tente outra vez.'],
    pin_locked: [
      'Too many tries. Wait {time}, then try again.',
      'Demasiados intentos. Espera {time} y vuelve a probar.',
      'Demasiadas tentativas. Espere {time} e tente de novo.'
    ],
    home_empty_title: ['Nothing to watch yet', 'Todavía no hay nada que ver', 'Ainda não há nada para ver'],
    home_seen_title: ['All watched', 'Todo visto', 'Tudo visto'],
    home_empty_text: [
      'When someone shares a video with you, it rings right here.',
      'Cuando alguien comparta un vídeo contigo, sonará aquí mismo.',
      'Quando alguém partilhar um vídeo consigo, toca aqui mesmo.'
    ],
    home_live_text: [
      'is sharing a video with you right now.',
      'está compartiendo un vídeo contigo ahora mismo.',
      'está a partilhar um vídeo consigo neste momento.'
    ],
    home_unseen_text: ['shared a video with you.', 'ha compartido un vídeo contigo.', 'partilhou um vídeo consigo.'],
    live_now: ['Live now', 'En directo ahora', 'Em direto agora'],
    live_from: ['Live video from {name}', 'Vídeo en directo de {name}', 'Vídeo em direto de {name}'],
    video_from: ['Video from {name}', 'Vídeo de {name}', 'Vídeo de {name}'],
    ring_live: ['is live and wants you to see it', 'está en directo y quiere que lo veas', 'está em direto e quer que veja'],
    ring_clip: ['sent you a video', 'te ha enviado un vídeo', 'enviou-lhe um vídeo'],
    ring_over: [
      '{name} has stopped sharing. You will find it in the inbox.',
      '{name} ha dejado de compartir. Lo encontrarás en Recibidos.',
      '{name} deixou de partilhar. Encontra o vídeo nos Recebidos.'
    ],
    later_done: ['Kept for you in the inbox.', 'Guardado para ti en Recibidos.', 'Guardado para si nos Recebidos.'],
    asks: ['wants to share with you for the first time', 'quiere compartir contigo por primera vez', 'quer partilhar consigo pela primeira vez'],
    asks_for: ['wants to share with {name} for the first time', 'quiere compartir con {name} por primera vez', 'quer partilhar com {name} pela primeira vez'],
    asks_number: ['Says their number is {number}', 'Dice que su número es {number}', 'Diz que o seu número é {number}'],
    asks_text: [
      'Not of this home. Once you allow them, you see it, and they ring.',
      'No es de esta casa. Permite que suene y podrás verlo.',
      'Não é desta casa. Permita que toque e pode ver.'
    ],
    not_now: ['Not now', 'Ahora no', 'Agora não'],
    allow: ['Allow', 'Permitir', 'Permitir'],
    joining: ['Just a moment…', 'Un momento…', 'Só um momento…'],
    since: ['since {time}', 'desde las {time}', 'desde as {time}'],
    stalled: ['Waiting for the picture…', 'Esperando la imagen…', 'À espera da imagem…'],
    press_for_sound: ['Press OK for sound', 'Pulsa OK para oírlo', 'Carregue em OK para ouvir'],
    position: ['Position', 'Posición', 'Posição'],
    over_title: ['The share has ended', 'La emisión ha terminado', 'A partilha terminou'],
    over_text: [
      '{name} has stopped. You can watch all of it from the start.',
      '{name} ha terminado. Puedes verlo todo desde el principio.',
      '{name} terminou. Pode ver tudo desde o início.'
    ],
    start_watching: ['Start watching', 'Empezar a ver', 'Começar a ver'],
    watched_title: ['That was it', 'Eso es todo', 'Foi tudo'],
    incomplete: ['Incomplete', 'Incompleto', 'Incompleto'],
    lacks_disk_full: ['The end is missing: the disk was full.', 'Falta el final: el disco estaba lleno.', 'Falta o fim: o disco estava cheio.'],
    lacks_too_long: ['It ends after 24 hours: no recording is longer.', 'Acaba a las 24 horas: ninguna grabación dura más.', 'Acaba às 24 horas: nenhuma gravação é mais longa.'],
    lacks_gaps: ['A part is missing: the disk took nothing for a while.', 'Falta una parte: el disco no aceptó nada un rato.', 'Falta uma parte: o disco não aceitou nada algum tempo.'],
    lacks_disk: ['Not all of it is here: the disk had a fault.', 'No está todo: el disco falló.', 'Não está tudo: o disco teve uma falha.'],
    expired: ['This video is no longer kept', 'Este vídeo ya no se conserva', 'Este vídeo já não está guardado'],
    expired_text: ['Its time is over, or it was withdrawn.', 'Su plazo ha pasado, o lo han retirado.', 'O seu prazo passou, ou foi retirado.'],
    not_ready_title: ['Not ready yet', 'Aún no está listo', 'Ainda não está pronto'],
    not_ready_text: [
      'The picture has not arrived. It may be a slow connection; try again in a moment.',
      'La imagen no ha llegado. Puede que la conexión sea lenta; prueba otra vez dentro de un momento.',
      'A imagem não chegou. A ligação pode estar lenta; tente de novo daqui a pouco.'
    ],
    not_yours: [
      'This video isn’t for the person who is watching.',
      'Este vídeo no es para la persona que está viendo.',
      'Este vídeo não é para a pessoa que está a ver.'
    ],
    error_title: ['That didn’t work', 'No ha funcionado', 'Não resultou'],
    error_text: [
      'Something went wrong on the way. Please try again.',
      'Algo ha fallado por el camino. Prueba otra vez, por favor.',
      'Algo falhou pelo caminho. Tente de novo, por favor.'
    ],
    decode_text: [
      'This TV can’t play the video. A newer browser on it may help.',
      'Este televisor no puede reproducir el vídeo. Quizá ayude un navegador más nuevo.',
      'Esta TV não consegue mostrar o vídeo. Um navegador mais recente talvez ajude.'
    ],
    homeless_title: ['This TV has no home yet', 'Este televisor aún no tiene casa', 'Esta TV ainda não tem casa'],
    homeless_text: [
      'No household on the gateway knows it. Whoever looks after Lareira can add it again; it goes on by itself then.',
      'Ninguna casa de la pasarela lo conoce. Quien cuida de Lareira puede volver a añadirlo; entonces seguirá solo.',
      'Nenhuma casa no gateway a conhece. Quem cuida da Lareira pode voltar a juntá-la; depois ela continua sozinha.'
    ],
    help: ['Help', 'Ayuda', 'Ajuda'],
    help_none: [
      'There is no help here just now. Try again in a moment.',
      'Ahora mismo no hay ayuda aquí. Prueba dentro de un momento.',
      'De momento não há ajuda aqui. Tente daqui a pouco.'
    ],
    keep: ['Keep it', 'Conservar', 'Guardar'],
    remove: ['Delete', 'Borrar', 'Apagar'],
    delete_title: ['Delete this video?', '¿Borrar este vídeo?', 'Apagar este vídeo?'],
    delete_text: ['It goes from your inbox, for good.', 'Desaparecerá de tus recibidos para siempre.', 'Sai dos seus recebidos para sempre.'],
    delete_done: ['The video is deleted.', 'El vídeo se ha borrado.', 'O vídeo foi apagado.'],
    block_sender: ['Block sender', 'Bloquear', 'Bloquear'],
    block_title: ['Block {name}?', '¿Bloquear a {name}?', 'Bloquear {name}?'],
    block_text: [
      'Their videos ring here no more. You can undo it in Settings. Should the videos you already have go too?',
      'Sus vídeos ya no sonarán aquí. Se puede deshacer en Ajustes. ¿Borrar también los que ya tienes?',
      'Os seus vídeos deixam de tocar aqui. Pode desfazer isto nas Definições. Apagar também os que já tem?'
    ],
    block: ['Block', 'Bloquear', 'Bloquear'],
    block_delete: ['Block and delete', 'Bloquear y borrar', 'Bloquear e apagar'],
    block_done: ['{name} is blocked.', '{name} está en la lista de bloqueados.', '{name} está na lista de bloqueados.'],
    ring_for: ['is sharing something for {name}', 'comparte algo para {name}', 'está a partilhar algo para {name}'],
    wrong_title: ['For somebody else', 'Es para otra persona', 'É para outra pessoa'],
    nothing_title: ['Nothing here', 'Aquí no hay nada', 'Não há nada aqui'],
    nothing_text: ['It was withdrawn, or it is for somebody else.', 'Se ha retirado, o es para otra persona.', 'Foi retirado, ou é para outra pessoa.'],
    pair_first: [
      'Point a phone’s camera at the square. Whoever does it first looks after Lareira in this home, and the TV joins at once.',
      'Apunta al cuadrado con la cámara de un teléfono. Quien lo haga primero cuidará de Lareira en esta casa, y el televisor entrará enseguida.',
      'Aponte a câmara de um telemóvel ao quadrado. Quem o fizer primeiro cuida da Lareira nesta casa, e a TV entra logo.'
    ],
    claim_contested: [
      'More than one television or browser asked to begin, so none of them shows the square. Restart the box with only this TV on, or claim it with the code in the box’s log.',
      'Más de un televisor o navegador ha pedido empezar, así que ninguno muestra el cuadrado. Reinicia la caja con solo este televisor encendido, o hazla tuya con el código de su registro.',
      'Mais do que uma televisão ou navegador pediu para começar, por isso nenhum mostra o quadrado. Reinicie a caixa só com esta TV ligada, ou faça-a sua com o código do registo da caixa.'
    ],
    claim_late: [
      'The square is shown for the first minutes after a start only. Restart the box to see it again, or claim it with the code in the box’s log.',
      'El cuadrado solo se muestra en los primeros minutos tras el arranque. Reinicia la caja para verlo otra vez, o hazla tuya con el código de su registro.',
      'O quadrado só se mostra nos primeiros minutos depois do arranque. Reinicie a caixa para o ver de novo, ou faça-a sua com o código do registo da caixa.'
    ],
    claim_code: [
      'The code: {command}. Type it on a phone at {address}',
      'El código: {command}. Escríbelo en un teléfono en {address}',
      'O código: {command}. Escreva-o num telemóvel em {address}'
    ],
    pair_scan: ['Or scan the square with a phone.', 'O escanea el cuadrado con un teléfono.', 'Ou leia o quadrado com um telemóvel.'],
    jump_live: ['Jump to live', 'Ir al directo', 'Ir para o direto'],
    channels: ['Channels', 'Canales', 'Canais'],
    no_channel: ['There is no channel {number}', 'No hay canal {number}', 'Não há canal {number}'],
    no_guide: ['No programme information', 'Sin información del programa', 'Sem informação do programa'],
    channel_lost: [
      'No picture from this channel. Trying again…',
      'Este canal no da imagen. Reintentando…',
      'Este canal não dá imagem. A tentar de novo…'
    ],
    settings: ['Settings', 'Ajustes', 'Definições'],
    language: ['Language', 'Idioma', 'Língua'],
    language_about: [
      'What this TV speaks while you are watching.',
      'Lo que habla este televisor mientras tú lo ves.',
      'A língua desta TV enquanto está a ver.'
    ],
    english: ['English', 'English', 'English'],
    spanish: ['Español', 'Español', 'Español'],
    portuguese: ['Português', 'Português', 'Português'],
    receive: ['Receive videos', 'Recibir vídeos', 'Receber vídeos'],
    receive_about: [
      'Off: nobody can share with you, and nothing rings.',
      'Si se apaga, nadie puede compartir contigo y nada suena.',
      'Desligado: ninguém partilha consigo e nada toca.'
    ],
    ask_pin: ['Ask for my PIN', 'Pedir mi PIN', 'Pedir o meu PIN'],
    ask_pin_about: [
      'Off: videos play without your PIN. Signing in still asks for it.',
      'Si se apaga, los vídeos se ven sin tu PIN. Para entrar se sigue pidiendo.',
      'Desligado: os vídeos passam sem o seu PIN. Para entrar continua a ser pedido.'
    ],
    quiet: ['Quiet hours', 'Horas de silencio', 'Horas de silêncio'],
    quiet_about: [
      'Nothing rings in that time. The videos wait in the inbox.',
      'En ese tiempo nada suena. Los vídeos esperan en Recibidos.',
      'Nesse tempo nada toca. Os vídeos esperam nos Recebidos.'
    ],
    quiet_from: ['From', 'Desde', 'Das'],
    quiet_to: ['Until', 'Hasta', 'Até às'],
    phone: ['Add a phone', 'Añadir un teléfono', 'Juntar um telemóvel'],
    phone_about: ['Invite a phone, so that it can share with this home.', 'Invita a un teléfono para que comparta con esta casa.', 'Convide um telemóvel a partilhar com esta casa.'],
    phone_text: [
      'Point its camera at the square, or open the address below and type the code. It is good for one phone, for ten minutes.',
      'Apunta su cámara al cuadrado, o abre la dirección de abajo y escribe el código. Sirve para un teléfono, durante diez minutos.',
      'Aponte a câmara para o quadrado, ou abra o endereço em baixo e escreva o código. Serve para um telemóvel, durante dez minutos.'
    ],
    blocked: ['Blocked senders', 'Remitentes bloqueados', 'Remetentes bloqueados'],
    blocked_about: [
      'See whom you have blocked, and let them ring again.',
      'Mira a quién has bloqueado y deja que vuelva a sonar.',
      'Veja quem bloqueou e deixe que volte a tocar.'
    ],
    blocked_text: [
      'Take the tick from whoever may ring again, then save.',
      'Quita la marca a quien pueda volver a sonar y guarda.',
      'Tire a marca a quem puder voltar a tocar e guarde.'
    ],
    blocked_nobody: ['Nobody is blocked.', 'No hay nadie bloqueado.', 'Não há ninguém bloqueado.'],
    sign_out: ['Sign out', 'Cerrar sesión', 'Terminar sessão'],
    sign_out_about: ['{name} is watching on this TV now.', 'Ahora {name} ve este televisor.', '{name} está a ver nesta TV.'],
    save: ['Save', 'Guardar', 'Guardar'],
    discard: ['Discard', 'Descartar', 'Descartar'],
    keep_title: ['Save your changes?', '¿Guardar los cambios?', 'Guardar as alterações?'],
    keep_text: ['You changed something and have not saved it.', 'Has cambiado algo y no lo has guardado.', 'Alterou algo e ainda não guardou.'],
    saved: ['Saved.', 'Guardado.', 'Guardado.'],
    not_saved: [
      'That could not be saved. Nothing was changed.',
      'No se ha podido guardar. Nada ha cambiado.',
      'Não foi possível guardar. Nada mudou.'
    ],
    unreachable: ['Looking for the gateway…', 'Buscando la pasarela…', 'À procura do gateway…'],
    unreachable_text: [
      'The gateway can’t be reached. Check that it is on, and that this TV is on the home network.',
      'No se llega a la pasarela. Comprueba que esté encendida y que este televisor esté en la red de casa.',
      'Não se chega ao gateway. Veja se está ligado e se esta TV está na rede de casa.'
    ]
  };
  var at = 0;

  /* What stands for a key in the language that is spoken. */
  function own(key) { return texts.hasOwnProperty(key) ? texts[key][at] : undefined; }

  /* The text for a key, with {names} filled in. */
  function t(key, values) {
    var text = own(key);
    if (text === undefined) { return key; }
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return values && values.hasOwnProperty(name) ? String(values[name]) : whole; });
  }

  Lareira.t = t;
  Lareira.n = function (key, count) { return t(key + (count === 1 ? '_one' : '_other'), { count: count }); };
  Lareira.list = own;
  Lareira.setLanguage = function (code) { at = Math.max(0, LANGUAGES.indexOf(code)); };
  Lareira.language = function () { return LANGUAGES[at]; };
  Lareira.texts = texts;
}(window.Lareira = window.Lareira || {}));
