# Svenska. Meddelanden läses efter inloggning; `knock` står på låsta skärmar.

knock =
    .title = Medverka
    .body = Du har något nytt att läsa i appen.

consent-expiring =
    .title = Ett val löper snart ut
    .body = Ett av dina val om { $study } löper ut om högst två veckor. Vill du förnya det? Gör du inget slutar det gälla av sig självt.

consent-ended =
    .title = Ett val har upphört
    .body = Ett av dina val om { $study } gäller inte längre. Inget mer samlas in eller används med stöd av det.

consent-to-review =
    .title = Något väntar på ditt svar
    .body = Villkoren för { $study } har ändrats. Läs vad som är nytt och välj på nytt.

study-joined =
    .title = Du är med
    .body = Du deltar nu i { $study }. Du kan lämna när som helst, lika lätt som du gick med.

study-left =
    .title = Du har lämnat
    .body = Du deltar inte längre i { $study }.

donations-unused =
    .title = Dina mätvärden används inte längre
    .body = Inget av dina val ger längre någon användning för det du har donerat. Om 90 dagar raderas det. Vill du ha det kvar kan du välja att spara det, eller ta med dig en kopia.

donations-erased =
    .title = Dina mätvärden har raderats
    .body = Det du har donerat hade ingen användning på 90 dagar och har raderats. Ditt konto finns kvar.

hold-placed =
    .title = Användningen av dina uppgifter är begränsad
    .body = Dataskyddsombudet har begränsat användningen av dina uppgifter. Inget raderas under tiden.

hold-lifted =
    .title = Begränsningen är hävd
    .body = Dina uppgifter är inte längre begränsade. Dina val gäller som du lämnade dem.

login-added =
    .title = Ett nytt sätt att logga in
    .body = Ditt konto har öppnats med en inloggning som inte har använts förut. Var det inte du? Logga ut överallt och hör av dig.

signed-out =
    .title = Utloggad överallt
    .body = Alla enheter har loggats ut. Du loggar in igen som vanligt.

device-added =
    .title = En ny enhet
    .body = Appen används nu på en enhet till. Var det inte du? Logga ut överallt, och hör av dig.

survey-due =
    .title = En ny enkät
    .body = { $study } har en enkät till dig. Du väljer om du svarar.

survey-reminder =
    .title = En enkät väntar
    .body = { $study } har en enkät som du ännu kan svara på, om du vill.

safety-notice =
    .title = Viktigt om din säkerhet
    .body = Det här gäller din säkerhet i { $study }. Läs det nu, och hör av dig om något är oklart.

breach-notice =
    .title = Dina uppgifter kan ha spridits
    .body = Något har hänt med uppgifter i { $study } som kan gälla dig. Läs vad det innebär och vad du kan göra.

message-received =
    .title = Ett meddelande till dig
    .body = De som arbetar med { $study } har skrivit till dig. Läs det, och svara om du vill.

source-silent =
    .title = En källa har tystnat
    .body = Det har inte kommit något från en av dina källor på några dagar. Appen visar vilken, och vad det kan bero på.

answer-unseen =
    .title = Ingen har sett ditt svar än
    .body = Ett av dina svar i { $study } skulle ha setts över vid det här laget, men ingen har gjort det. Ring 1177 för råd, eller 112 om det är akut.

email-code =
    .title = Bekräfta din e-postadress
    .body = Någon har angett den här adressen i appen Medverka. För att få besked hit när något nytt väntar, skriv { $code } i appen inom en timme. Var det inte du? Gör ingenting, så kommer inget mer.
